import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { fixturePath } from '../fixtures.ts'
import { itWith, strace } from '../requirements.ts'
import { built, runModule, runProgram } from './child.ts'

let home: string
const places = ['home', 'cache', 'config', 'data', 'tmp', 'cwd']
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'privacy-'))
  for (const place of places) await mkdir(join(home, place))
})
afterEach(() => rm(home, { recursive: true }))

const environment = () => ({
  HOME: join(home, 'home'),
  USERPROFILE: join(home, 'home'),
  XDG_CACHE_HOME: join(home, 'cache'),
  XDG_CONFIG_HOME: join(home, 'config'),
  XDG_DATA_HOME: join(home, 'data'),
  TMPDIR: join(home, 'tmp'),
  TEMP: join(home, 'tmp'),
  TMP: join(home, 'tmp'),
  ORT_DISABLE_TELEMETRY: undefined,
})

/** Records what Node opens and what socket descriptors the process holds, ONNX Runtime's own included. */
const watch = `
  import dgram from 'node:dgram'
  import dns from 'node:dns'
  import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
  import net from 'node:net'
  const seen = new Set()
  const spy = (object, name) => {
    const original = object[name]
    object[name] = function (...args) { seen.add(name + ' ' + JSON.stringify(args[0])); return original.apply(this, args) }
  }
  spy(net.Socket.prototype, 'connect')
  spy(dgram.Socket.prototype, 'send')
  for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) { spy(dns, name); spy(dns.promises, name) }
  const attempt = (f) => { try { return f() } catch { return [] } }
  const sockets = () => {
    const inodes = attempt(() => readdirSync('/proc/self/fd')).map((fd) => String(attempt(() => readlinkSync('/proc/self/fd/' + fd))))
    for (const table of ['tcp', 'tcp6', 'udp', 'udp6']) {
      for (const line of String(attempt(() => readFileSync('/proc/self/net/' + table, 'utf8'))).split('\\n').slice(1)) {
        const inode = line.trim().split(/\\s+/)[9]
        if (inode && inodes.includes('socket:[' + inode + ']')) seen.add(table + ' ' + line.trim())
      }
    }
  }
  const timer = setInterval(sockets, 10)
`

const sample = () => `
  import { load } from ${built('index.js')}
  const model = await load({
    student: ${JSON.stringify(fixturePath('var_tiny_dd.pth'))},
    tokenizer: ${JSON.stringify(fixturePath('var_tiny_vqvae.pth'))},
    threads: 1,
  })
  const { images } = await model.sample({ classes: [1, 2], seed: 0, steps: 1 })
  await model.dispose()
  console.log(images.length)
`

/** Files in all the places where software likes to leave some; derived weights may stay in their own cache. */
async function strays(): Promise<string[]> {
  const names = await Promise.all(
    places.map((place) => readdir(join(home, place), { recursive: true, withFileTypes: true })),
  )
  return names
    .flat()
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(home.length))
    .filter((path) => !path.startsWith(join('/cache', 'distilled-decoding')))
}

it('sampling leaves no file and opens no connection', async () => {
  const source = `${watch}${sample()}
    clearInterval(timer)
    sockets()
    console.log(JSON.stringify([...seen]))`
  const child = await runModule(source, { env: environment(), cwd: join(home, 'cwd') })
  expect(child).toMatchObject({ code: 0, stdout: '2\n[]\n', stderr: '' })
  expect(await strays()).toEqual([])
})

it('the watch notices connections and look-ups', async () => {
  const source = `${watch}
    import { createServer } from 'node:net'
    const server = createServer().listen(0, '127.0.0.1', () => {
      const client = net.connect(server.address().port, '127.0.0.1', () => {
        sockets()
        const kinds = [...seen].map((line) => line.split(' ')[0])
        console.log(kinds.includes('connect'), process.platform !== 'linux' || kinds.includes('tcp'))
        process.exit()
      })
    })`
  expect(await runModule(source)).toMatchObject({ code: 0, stdout: 'true true\n' })
})

itWith(strace)('the kernel sees no connection either', async () => {
  const log = join(home, 'strace.log')
  const args = ['-f', '--seccomp-bpf', '-e', 'trace=connect,sendto,bind', '-o', log]
  const node = [process.execPath, '--input-type=module', '-e', sample()]
  const child = await runProgram('strace', [...args, ...node], { env: environment(), cwd: join(home, 'cwd') })
  expect(child).toMatchObject({ code: 0, stdout: '2\n' })
  const calls = (await readFile(log, 'utf8')).split('\n').filter((line) => line.includes('AF_INET'))
  expect(calls).toEqual([])
  expect(await strays()).toEqual([])
})
