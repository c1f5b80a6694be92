import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CheckpointError, UsageError } from '../core/errors.ts'
import { openLog, type RunEvent, readLog } from './run-log.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-log-'))
})
afterEach(() => rm(folder, { recursive: true }))

const start: RunEvent = { type: 'start', time: '2026-01-01T00:00:00.000Z', config: { steps: 3, betas: [0.9, 0.95] } }
const at = (step: number, loss = 1 / step): RunEvent => ({
  type: 'step',
  step,
  time: step / 2,
  loss,
  lr: 1e-4,
  gradNorm: 0.5,
  imagesPerSecond: 64,
  metrics: { ce: 7.5 },
})
const others: RunEvent[] = [
  { type: 'validation', step: 2, metrics: { loss: 0.5, accuracy: 0.25 } },
  { type: 'sheet', step: 2, file: 'samples/step-2.png', caption: 'one step, "quoted"\nand more' },
  { type: 'checkpoint', step: 2, file: 'checkpoints/step-00000002.safetensors' },
  { type: 'error', step: 3, message: 'loss is NaN' },
  { type: 'end', step: 3, seconds: 12.5 },
]

async function write(events: readonly RunEvent[], options = {}): Promise<void> {
  const log = await openLog(folder, options)
  for (const event of events) log.write(event)
  log.close()
}

test('what is written is read, across openings', async () => {
  await write([start, at(1), at(2)])
  await write(others)
  expect(await readLog(folder)).toEqual([start, at(1), at(2), ...others])
})

test('a loss that is not finite stays one', async () => {
  await write([at(1, Number.NaN), at(2, Number.POSITIVE_INFINITY)])
  expect(await readLog(folder)).toMatchObject([{ loss: Number.NaN }, { loss: Number.NaN }])
})

test('after a crash the half line goes, wherever it was cut', async () => {
  await write([start, at(1)])
  const whole = await readFile(join(folder, 'log.jsonl'), 'utf8')
  const line = JSON.stringify(at(2))
  for (let length = 1; length <= line.length; length++) {
    await writeFile(join(folder, 'log.jsonl'), whole + line.slice(0, length))
    expect(await readLog(folder)).toEqual([start, at(1)])
    await write([at(2)])
    expect(await readLog(folder)).toEqual([start, at(1), at(2)])
  }
})

test('a run that resumes forgets what came after its checkpoint', async () => {
  await write([start, at(1), at(2), ...others.slice(0, 3), at(3), ...others.slice(3)])
  await appendFile(join(folder, 'log.jsonl'), '{"type":"st')
  await write([start, at(3)], { fromStep: 2 })
  expect(await readLog(folder)).toEqual([start, at(1), at(2), ...others.slice(0, 3), start, at(3)])
  expect(await readdir(folder)).toEqual(['log.jsonl'])
})

test('a line that is no event is named', async () => {
  await write([start, at(1)])
  await appendFile(join(folder, 'log.jsonl'), '{"type":"validation","step":"2","metrics":{}}\n')
  await expect(readLog(folder)).rejects.toThrow(/log.jsonl, line 3: expected number at "step", found "2"/)
  await expect(openLog(folder, { fromStep: 1 })).rejects.toThrow(CheckpointError)
})

test('a folder without a log is no run', async () => {
  await expect(readLog(folder)).rejects.toThrow(UsageError)
})

test.each([
  '../secret',
  'sheets/../../secret',
  '/etc/passwd',
  '//evil.example/x.png',
  'https://evil.example/x.png',
  'C:\\x.png',
  './x.png',
  '',
  'x'.repeat(1001),
])('a sheet that is no file of the run is no event: %s', async (file) => {
  await appendFile(join(folder, 'log.jsonl'), `${JSON.stringify({ type: 'sheet', step: 0, file, caption: '' })}\n`)
  const error = await openLog(folder).catch((error) => error)
  expect(error).toBeInstanceOf(CheckpointError)
  expect(error.message).toMatch(
    /log\.jsonl, line 1: expected (a path below the folder|at most 1,000 characters) at "file"/,
  )
  expect(error.message.length).toBeLessThan(500)
})
