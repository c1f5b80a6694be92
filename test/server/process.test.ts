// `distilled serve` as a process: its address on stdout, SIGTERM as its orderly end, and a short run of the soak script, whose
// long one is for people (docs/SERVER.md).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { distilled } from '../cli/command-line.ts'
import { root } from '../policy/child.ts'
import { itWith, posix } from '../requirements.ts'
import { post } from './served.ts'

itWith(posix)('serves until SIGTERM, which lets the last request end', async () => {
  const flags = ['--port', '0', '--model', 'sprites-llamagen-dd', '--device', 'cpu', '--threads', '1']
  const child = spawn(process.execPath, [join(root, 'bin', 'distilled.js'), 'serve', ...flags])
  let notes = ''
  child.stderr.on('data', (text) => {
    notes += text
  })
  const [line] = await once(child.stdout, 'data')
  expect(String(line)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\n$/)
  const url = String(line).trim()
  expect((await post(url, '/v1/images/generations', { prompt: 'boat' })).status).toBe(200)
  const last = post(url, '/v1/images/generations', { prompt: 'boat', n: 10, teacher_only: true })
  await expect
    .poll(async () => (await fetch(new URL('/metrics', url))).text(), { timeout: 60_000, interval: 10 })
    .toContain('distilled_unanswered_requests 1\n')
  child.kill('SIGTERM')
  expect((await last).status).toBe(200)
  const [code] = await once(child, 'exit')
  expect([code, notes]).toEqual([143, expect.stringContaining('Stopping when 1 request')])
})

it('says what is wrong before it listens', async () => {
  expect(await distilled('serve', '--model', 'sprites-vra-dd')).toMatchObject({ code: 2 })
  expect((await distilled('serve', '--host', '0.0.0.0')).stderr).toContain('wants a token')
  expect((await distilled('serve', '--port', '99999')).code).toBe(2)
})

it('under steady load every answer is right, memory stays, and the event loop is free', async () => {
  const child = spawn(process.execPath, [join(root, 'scripts', 'soak.js'), '--seconds', '4', '--clients', '8'])
  let text = ''
  child.stdout.on('data', (piece) => {
    text += piece
  })
  const [code] = await once(child, 'exit')
  expect(code, text).toBe(0)
  const { answers, wrong, failed, cpu, eventLoop, memory } = JSON.parse(text)
  expect([answers > 15, wrong, failed]).toEqual([true, 0, 0])
  // A busy machine that gives the server a tenth of a core makes it ten times as late.
  expect(eventLoop.medianOfP99).toBeLessThan(50 / Math.min(1, cpu))
  expect(memory.after - memory.before).toBeLessThan(200)
}, 600_000)
