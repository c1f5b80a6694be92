import { expect, test } from 'vitest'
import type { RunEvent } from '../distill/run-log.ts'
import { sparkline, trainingView } from './training-view.ts'

const at = (step: number, loss = 2 - step / 1000): RunEvent => ({
  type: 'step',
  step,
  time: step / 20,
  loss,
  lr: 1e-4,
  gradNorm: 0.5,
  imagesPerSecond: 312.4,
  metrics: {},
})
const start: RunEvent = { type: 'start', time: '2026-01-01T00:00:00.000Z', config: {} }
const run = { title: 'sprites', steps: 1000 }
const steps = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => at(from + i))

function view(events: readonly RunEvent[], terminal: { isTTY?: boolean; columns?: number } = {}, loudness = {}) {
  const writes: string[] = []
  const shown = trainingView({ write: (text) => writes.push(text), ...terminal }, run, loudness)
  for (const event of events) shown.event(event)
  return writes
}

/** What a terminal shows after these writes. */
function screen(writes: readonly string[]): string[] {
  const lines = ['']
  let row = 0
  for (const [token] of writes
    .join('')
    .replaceAll('\x1b', '⎋')
    .matchAll(/⎋\[\d+A|⎋\[2K|\n|[^⎋\n]+/g)) {
    if (token === '\n') lines[++row] ??= ''
    else if (token === '⎋[2K') lines[row] = ''
    else if (token.startsWith('⎋')) row -= Number(token.slice(2, -1))
    else lines[row] += token
  }
  return lines.slice(0, -1)
}

const tty = { isTTY: true, columns: 100 }

test('a terminal shows four lines, redrawn in place', () => {
  const writes = view(
    [start, ...steps(1, 250), { type: 'validation', step: 250, metrics: { loss: 1.81, accuracy: 0.5 } }],
    tty,
  )
  const [title, bar, loss, validation, ...more] = screen(writes)
  expect(title).toBe('sprites, step 250 of 1,000')
  expect(bar).toBe('[######..................] 25 %, learning rate 1e-4, 312 images/s, 38 s left')
  expect(loss).toMatch(/^loss 1\.759 [▁▂▃▄▅▆▇█]{60}$/)
  expect(validation).toBe('validation at step 250: loss 1.810, accuracy 0.5000')
  expect(more).toEqual([])
  expect(writes.length).toBeLessThan(150) // 12.5 s at ten a second
})

test('sheets, checkpoints and errors scroll by above', () => {
  const events: RunEvent[] = [
    ...steps(1, 20),
    { type: 'sheet', step: 20, file: 'samples/20.png', caption: 'one step' },
    at(21),
    { type: 'checkpoint', step: 21, file: 'checkpoints/21.safetensors' },
    at(22, Number.NaN),
    { type: 'error', step: 22, message: 'the loss is NaN' },
    { type: 'end', step: 22, seconds: 1.1 },
  ]
  const [sheet, checkpoint, error, title, bar, loss] = screen(view(events, tty))
  expect([sheet, checkpoint]).toEqual([
    'step 20: sheet samples/20.png',
    'step 21: checkpoint checkpoints/21.safetensors',
  ])
  expect([error, title]).toEqual(['step 22: the loss is NaN', 'sprites, step 22 of 1,000'])
  expect(bar).toMatch(/done in 1\.1 s$/)
  expect(loss).toMatch(/^loss NaN /)
})

test('no line is wider than the terminal', () => {
  const lines = screen(view(steps(1, 100), { isTTY: true, columns: 40 }))
  expect(Math.max(...lines.map((line) => line.length))).toBe(39)
})

test('a resumed run tells the time left from its own pace', () => {
  const resumed: RunEvent = { ...at(501), time: 1 } as RunEvent
  const next: RunEvent = { ...at(502), time: 2 } as RunEvent
  expect(screen(view([start, ...steps(1, 500), start, resumed, next], tty))[1]).toMatch(/8 min 18 s left$/)
})

test('a log gets a line every ten seconds, and one for all that happens', () => {
  const events: RunEvent[] = [start, ...steps(1, 1000), { type: 'validation', step: 1000, metrics: { loss: 1 } }]
  const lines = view(events).join('').trimEnd().split('\n')
  expect(lines.slice(0, 2)).toEqual([
    'step 1 of 1,000, loss 1.999, learning rate 1e-4, 312 images/s',
    'step 201 of 1,000, loss 1.808, learning rate 1e-4, 312 images/s, 40 s left',
  ])
  expect(lines.slice(-2)).toEqual([
    'step 1,000 of 1,000, loss 1.009, learning rate 1e-4, 312 images/s',
    'validation at step 1,000: loss 1.000',
  ])
  expect(lines).toHaveLength(7)
})

test('silent means silent', () => {
  expect(view([start, ...steps(1, 100)], tty, { quiet: true })).toEqual([])
  expect(view([start, ...steps(1, 100)], {}, { json: true })).toEqual([])
})

test('a flat curve is flat', () => {
  expect(sparkline([2, 2])).toBe('▁▁')
  expect(sparkline([])).toBe('')
})
