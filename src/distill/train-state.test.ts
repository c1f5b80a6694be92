import { mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { built, runModule } from '../../test/policy/child.ts'
import { CheckpointError } from '../core/errors.ts'
import { loadState, saveState, stateGroups, type TrainState } from './train-state.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-state-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** All bit patterns occur, NaNs with payload included; every group differs. */
function stateAt(step: number, size = 1000): TrainState {
  const random = (k: number) =>
    Uint32Array.from({ length: size }, (_, i) => Math.imul(step * 4 + k + 1, 0x9e3779b1 * (i + 1)))
  const group = (k: number) =>
    new Map([
      ['blocks.0.weight', { shape: [size / 10, 10], data: new Float32Array(random(k).buffer) }],
      ['step', { shape: [], data: Float32Array.of(step) }],
      ['empty', { shape: [0, 3], data: new Float32Array(0) }],
    ])
  const tensors = { model: group(0), ema: group(1), m: group(2), v: group(3) }
  return { step, tensors, extra: { seed: 7, order: [1, 2], name: '…' } }
}

const bits = (state: TrainState | undefined) =>
  state &&
  stateGroups.map((group) =>
    Array.from(state.tensors[group], ([name, { shape, data }]) => [
      name,
      shape,
      Buffer.from(data.slice().buffer).toString('hex'),
    ]),
  )
const notes: string[] = []
const load = () => {
  notes.length = 0
  return loadState(folder, (line) => notes.push(line))
}
const pathOf = (step: number) => join(folder, 'checkpoints', `step-${String(step).padStart(8, '0')}.safetensors`)
const flipByte = async (path: string, position: number) => {
  const file = await open(path, 'r+')
  const { buffer } = await file.read(new Uint8Array(1), 0, 1, position)
  await file.write(Uint8Array.of(buffer[0]! ^ 4), 0, 1, position)
  await file.close()
}

test('a state comes back bit for bit', async () => {
  const saved = stateAt(1200)
  expect(await saveState(folder, saved)).toMatchObject({ file: 'checkpoints/step-00001200.safetensors' })
  const loaded = await load()
  expect(bits(loaded)).toEqual(bits(saved))
  expect({ ...loaded, tensors: 0 }).toEqual({ ...saved, tensors: 0 })
  expect(notes).toEqual([])
})

test('a folder without checkpoints has no state', async () => {
  expect(await load()).toBeUndefined()
})

test('the last two checkpoints stay', async () => {
  for (const step of [100, 200, 300, 300]) await saveState(folder, stateAt(step))
  const left = ['latest.json', 'step-00000200.safetensors', 'step-00000300.safetensors']
  expect((await readdir(join(folder, 'checkpoints'))).sort()).toEqual(left)
  expect(JSON.parse(await readFile(join(folder, 'checkpoints', 'latest.json'), 'utf8'))).toMatchObject({ step: 300 })
})

test('a run that went back forgets what was ahead', async () => {
  for (const step of [100, 200]) await saveState(folder, stateAt(step))
  await saveState(folder, stateAt(150))
  expect((await load())?.step).toBe(150)
  expect(await readdir(join(folder, 'checkpoints'))).toHaveLength(3)
})

describe('when the newest is damaged, the one before is taken, with a note', () => {
  const damages: [string, () => Promise<void>][] = [
    ['cut off', () => truncate(pathOf(200), 5000)],
    ['empty', () => truncate(pathOf(200), 0)],
    ['one bit of the data', () => flipByte(pathOf(200), 9000)],
    ['one bit of the header', () => flipByte(pathOf(200), 60)],
    ['one bit of the length', () => flipByte(pathOf(200), 0)],
    ['gone', () => rm(pathOf(200))],
    [
      'named by a damaged latest.json',
      () =>
        Promise.all([truncate(pathOf(200), 50), writeFile(join(folder, 'checkpoints', 'latest.json'), '{"st')]).then(),
    ],
  ]
  test.each(damages)('%s', async (kind, damage) => {
    for (const step of [100, 200]) await saveState(folder, stateAt(step))
    await damage()
    expect(bits(await load())).toEqual(bits(stateAt(100)))
    expect(notes).toHaveLength(kind === 'gone' ? 0 : 1)
  })
})

test.each([
  '{',
  'null',
  '[]',
  '{"step":"x","extra":{}}',
  '{"step":1.5,"extra":{}}',
  '{"step":-200,"extra":{}}',
  '{"step":1e308,"extra":{}}',
  '{"step":201,"extra":{}}',
  '{"step":200}',
  '{"step":200,"extra":null}',
  `{"step":"${'x'.repeat(100_000)}"}`,
])('a state that says %s is left aside, although its hash is right', async (said) => {
  await saveState(folder, stateAt(100))
  vi.spyOn(JSON, 'stringify').mockReturnValueOnce(said)
  await saveState(folder, stateAt(200))
  expect(bits(await load())).toEqual(bits(stateAt(100)))
  expect(notes).toEqual([expect.stringContaining('step-00000200.safetensors: expected "distilled.state"')])
  expect(notes[0]!.length).toBeLessThan(1000)
})

test('all damaged is an error', async () => {
  await saveState(folder, stateAt(100))
  await truncate(pathOf(100), 5000)
  await expect(load()).rejects.toThrow(CheckpointError)
})

/** Saves step 2 in a process that kills itself at its n-th file operation, a write when it is half done. */
const killedAt = (n: number, place: string) => `
  import fs from 'node:fs/promises'
  import { syncBuiltinESMExports } from 'node:module'
  let left = ${n}
  const die = () => process.kill(process.pid, 'SIGKILL')
  const deadly = (object, name, last = () => {}) => {
    const original = object[name]
    object[name] = async function (...args) {
      if (--left === 0) { await last.call(this, original, args); die() }
      return original.apply(this, args)
    }
  }
  const half = function (write, [bytes]) { return write.call(this, bytes.subarray(0, bytes.length >> 1)) }
  const handle = await fs.open('.', 'r')
  deadly(Object.getPrototypeOf(handle), 'writeFile', half)
  for (const name of ['sync', 'close']) deadly(Object.getPrototypeOf(handle), name)
  for (const name of ['mkdir', 'open', 'rename', 'readdir', 'rm']) deadly(fs, name)
  syncBuiltinESMExports()
  const { saveState } = await import(${built('distill/train-state.js')})
  const group = (k) => new Map([['w', { shape: [9], data: new Float32Array(9).fill(8 + k) }]])
  const tensors = { model: group(0), ema: group(1), m: group(2), v: group(3) }
  await saveState(${JSON.stringify(place)}, { step: 2, tensors, extra: {} })
  console.log('saved')`

test.each([
  ['the next step', 1],
  ['the same step again', 2],
])('a kill at any file operation leaves a state that loads: %s', async (_, newest) => {
  const filled = (step: number, value = 4 * step): TrainState => {
    const group = (k: number) => new Map([['w', { shape: [9], data: new Float32Array(9).fill(value + k) }]])
    return { step, tensors: { model: group(0), ema: group(1), m: group(2), v: group(3) }, extra: {} }
  }
  const before = bits(filled(newest, 100))
  const after = bits(filled(2))
  const found: number[] = []
  for (let n = 1, saved = false; !saved; n++) {
    const place = join(folder, String(n))
    for (const step of [newest - 1, newest]) await saveState(place, filled(step, 100))
    const { stdout, stderr } = await runModule(killedAt(n, place))
    expect(stderr).toBe('')
    saved = stdout === 'saved\n'

    const state = await loadState(place, (line) => expect.unreachable(line))
    found.push(state!.tensors.model.get('w')!.data[0] === 100 ? 0 : 1)
    expect(bits(state)).toEqual(found.at(-1) ? after : before)
    await saveState(place, filled(2))
    const left = ['latest.json', 'step-00000001.safetensors', 'step-00000002.safetensors']
    expect((await readdir(join(place, 'checkpoints'))).sort()).toEqual(left)
  }
  expect(found).toEqual(found.toSorted()) // the old one up to some operation, then the new one
  expect(new Set(found).size).toBe(2)
  expect(found.length).toBeGreaterThan(15)
})
