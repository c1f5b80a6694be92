// Clients in the hundreds that hold connections and leave them lying: that do not read, send nothing, or stop in the middle of a
// request. Whoever comes after them is answered, memory and files are given back, and the server ends when it is told to.
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RunningServer, ServeOptions } from '../../src/server/serve.ts'
import { mostConnectionsOfOne } from '../../src/server/settings.ts'
import { record } from '../attack/record.ts'
import { temporaryFolder } from '../cli/command-line.ts'
import { ask, post, serve } from './served.ts'

const folder = temporaryFolder()
const large = 16 * 2 ** 20
let mounts: ServeOptions['mounts']
let server: RunningServer
let sockets: Socket[] = []

beforeAll(async () => {
  await mkdir(join(folder, 'app'))
  await writeFile(join(folder, 'app', 'large.bin'), Buffer.alloc(large))
  mounts = [{ at: '/', folder: join(folder, 'app') }]
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets = []
  await server.close(0)
})

const images = '/v1/images/generations'
const host = () => `Host: ${new URL(server.url).host}\r\n`
const get = (path: string) => `GET ${path} HTTP/1.1\r\n${host()}\r\n`
const unended = () =>
  `POST ${images} HTTP/1.1\r\n${host()}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`

/** Connections that say something, and read nothing. */
async function crowd(count: number, says: (i: number) => string): Promise<void> {
  const { port } = new URL(server.url)
  const opened = Array.from(
    { length: count },
    (_, i) =>
      new Promise<Socket>((resolve) => {
        const socket = connect({ port: Number(port), host: '127.0.0.1' })
        socket.on('error', () => {})
        socket.once('connect', () => {
          socket.pause()
          socket.write(says(i))
          resolve(socket)
        })
      }),
  )
  sockets.push(...(await Promise.all(opened)))
}

const counter = async (name: string): Promise<number> => {
  const text = (await ask(server.url, '/metrics')).body.toString()
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`distilled_${name} `))!
      .split(' ')[1],
  )
}
const openFiles = async () => (await readdir('/proc/self/fd')).length
const patient = { timeout: 60_000, interval: 50 }

describe.each([
  ['GET a large file and never read', () => get('/large.bin')],
  ['GET a large file many times over and never read', () => get('/large.bin').repeat(10)],
  ['say nothing', () => ''],
  ['stop in the head', () => `GET / HTTP/1.1\r\n${host()}`],
  ['stop in the body', unended],
])('1,000 clients that %s', (what, says) => {
  it('keep nobody out', async () => {
    server = await serve({ mounts, patience: { head: 60, request: 60, answer: 60 } })
    await server.warm
    const before = process.platform === 'linux' ? await openFiles() : 0
    await crowd(1000, says)
    let latest = 0
    for (let i = 0; i < 20; i++) {
      const asked = performance.now()
      expect((await ask(server.url, '/healthz')).status).toBe(200)
      latest = Math.max(latest, performance.now() - asked)
    }
    expect(latest).toBeLessThan(30_000)
    record({
      attack: `connections that ${what}`,
      count: 1000,
      result: `/healthz answers in at most ${latest.toFixed(0)} ms; at most ${mostConnectionsOfOne} stay open`,
    })
    expect((await post(server.url, images, { prompt: 'boat' })).status).toBe(200)
    expect((await ask(server.url, '/large.bin')).body).toHaveLength(large)
    expect(await counter('connections')).toBeLessThanOrEqual(mostConnectionsOfOne)
    expect(await counter('connections_closed_total{reason="full"}')).toBeGreaterThanOrEqual(1000 - mostConnectionsOfOne)
    for (const socket of sockets) socket.destroy()
    if (process.platform === 'linux') await expect.poll(openFiles, patient).toBeLessThan(before + 20)
  })
})

describe('a client that does not read', () => {
  it('is let go after a while, with the file that it asked for', async () => {
    server = await serve({ mounts, patience: { answer: 1 } })
    const before = process.platform === 'linux' ? await openFiles() : 0
    await crowd(30, () => get('/large.bin'))
    await expect.poll(() => counter('connections_closed_total{reason="slow"}'), patient).toBe(30)
    expect(await counter('connections')).toBeLessThan(5)
    if (process.platform === 'linux') {
      for (const socket of sockets) socket.destroy()
      await expect.poll(openFiles, patient).toBeLessThan(before + 10)
    }
  })

  it('may not take a file byte by byte for ever', async () => {
    server = await serve({ mounts, patience: { answer: 1 } })
    await crowd(1, () => get('/large.bin'))
    const [slow] = sockets as [Socket]
    const sip = setInterval(() => slow.read(1), 20)
    await expect.poll(() => counter('connections_closed_total{reason="slow"}'), patient).toBe(1)
    clearInterval(sip)
  })

  it('of its images is let go, too, and its work ends', async () => {
    server = await serve({ patience: { answer: 1 }, models: ['sprites-llamagen-dd'] })
    await server.warm
    const body = JSON.stringify({ prompt: 'star', n: 10, seed: 1 })
    const head = `POST /api/sample HTTP/1.1\r\n${host()}Content-Type: application/json\r\n`
    await crowd(40, () => `${head}Content-Length: ${body.length}\r\n\r\n${body}`)
    await expect.poll(() => server.services.batcher.unanswered, patient).toBe(0)
    expect((await post(server.url, images, { prompt: 'boat' })).status).toBe(200)
  })

  it('is waited for while it reads: a large file arrives whole at a modest rate', async () => {
    server = await serve({ mounts, patience: { answer: 1 } })
    await crowd(1, () => get('/large.bin'))
    const [modest] = sockets as [Socket]
    let length = 0
    const gulp = setInterval(() => {
      length += modest.read()?.length ?? 0
    }, 20)
    await expect.poll(() => length, patient).toBeGreaterThan(large)
    clearInterval(gulp)
    expect(await counter('connections_closed_total{reason="slow"}')).toBe(0)
  })
})

it('requests at work are not closed for others: those that come later are', async () => {
  server = await serve({ models: ['sprites-llamagen-dd'] })
  await server.warm
  const long = post(server.url, images, { prompt: 'car', n: 10, teacher_only: true, seed: 2 })
  await expect.poll(() => server.services.batcher.unanswered, patient).toBe(1)
  await crowd(600, () => '')
  expect((await long).status).toBe(200)
})

it('the end comes in time while clients do not read, and the port is free at once', async () => {
  server = await serve({ mounts })
  await server.warm
  await crowd(100, (i) => [get('/large.bin'), '', unended()][i % 3]!)
  expect((await ask(server.url, '/healthz')).status).toBe(200)
  const port = Number(new URL(server.url).port)
  const started = performance.now()
  await server.close(2)
  expect(performance.now() - started).toBeLessThan(5000)
  server = await serve({ mounts, port })
  expect((await ask(server.url, '/healthz')).status).toBe(200)
})
