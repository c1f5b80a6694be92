// Listens on a port, or fails with an error that says why the port cannot be used.
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UsageError } from '../core/errors.ts'

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken',
  EACCES: 'may not be used',
}

/**
 * Listens and returns the port.
 * @param port 0 takes a free one
 * @throws UsageError when the port is taken or the host is not this machine's
 */
export async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = reasons[cause.code ?? '']
      if (why)
        reject(
          new UsageError(`Port ${port} ${why}.`, { remedy: 'Name another with `port`; 0 takes a free one.', cause }),
        )
      else if (cause.code === 'EADDRNOTAVAIL' || cause.code === 'ENOTFOUND')
        reject(
          new UsageError(`${host} is not an address of this machine.`, { remedy: 'Name another with `host`.', cause }),
        )
      else reject(cause)
    })
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}
