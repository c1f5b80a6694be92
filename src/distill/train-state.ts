// Checkpoints of a training run: everything that the next step depends on, bit for bit, in one safetensors file whose
// metadata carries step, extra state and a SHA-256 of it all. A file gets its name when it is complete, and
// only then `latest.json` names it. The previous file is kept, so a run survives a kill and a damaged disk block.
import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import * as v from 'valibot'
import { openFile } from '../checkpoint/node/file-source.ts'
import { type NamedTensor, writeSafetensors } from '../checkpoint/safetensors.ts'
import type { Checkpoint } from '../checkpoint/types.ts'
import { toFloat32 } from '../core/dtype.ts'
import { CheckpointError, DistilledError } from '../core/errors.ts'
import { quote } from '../core/show.ts'
import { makeFolder, sweep, writeStream } from '../files/atomic.ts'
import { readText } from '../files/read.ts'
import { bytesOf, type HostTensor, type Tensors } from './weights-file.ts'

/** The network, its moving average, and AdamW's two moments. */
export const stateGroups = ['model', 'ema', 'm', 'v'] as const
export type StateGroup = (typeof stateGroups)[number]

export interface TrainState {
  /** Finished steps. */
  step: number
  tensors: Record<StateGroup, Tensors>
  /** Whatever else the next step depends on; it has to survive JSON. */
  extra: Record<string, unknown>
}

const folderName = 'checkpoints'
const kept = 2
const stateKey = 'distilled.state'
const hashKey = 'distilled.sha256'
const fileName = (step: number): string => `step-${String(step).padStart(8, '0')}.safetensors`
const filePattern = /^step-(\d+)\.safetensors$/

/**
 * Saves a checkpoint into a run's folder and deletes all but the two newest; the arrays must not change meanwhile.
 * @returns the file, relative to the run's folder, and the SHA-256 of what is in it
 * @throws whatever the file system says; the checkpoints before then stay
 * @example
 * const tensors = { model: new Map(), ema: new Map(), m: new Map(), v: new Map() }
 * const { file } = await saveState('run', { step: 1200, tensors, extra: { seed: 7 } })
 * file // 'checkpoints/step-00001200.safetensors'
 */
export async function saveState(folder: string, state: TrainState): Promise<{ file: string; sha256: string }> {
  const place = join(folder, folderName)
  await makeFolder(place)
  const named = stateGroups.flatMap((group) =>
    Array.from(state.tensors[group], ([name, { shape, data }]): NamedTensor => {
      return { name: `${group}/${name}`, dtype: 'float32', shape, data: bytesOf(data) }
    }),
  )
  const { step, extra } = state
  const json = JSON.stringify({ step, extra })
  const sha256 = await hashOf(json, named)
  const file = fileName(step)
  await writeStream(join(place, file), writeSafetensors(named, { [stateKey]: json, [hashKey]: sha256 }), {
    durable: true,
  })
  const latest = `${JSON.stringify({ step, file, sha256 }, null, 2)}\n`
  await writeStream(join(place, 'latest.json'), [new TextEncoder().encode(latest)], { durable: true })
  await prune(place, step)
  return { file: `${folderName}/${file}`, sha256 }
}

/**
 * The newest checkpoint of a run's folder, or undefined when there is none.
 * @param note is called with a damaged checkpoint, before the previous one is tried
 * @throws CheckpointError when there are checkpoints and all are damaged
 * @example
 * const state = await loadState('run', console.log)
 */
export async function loadState(folder: string, note: (line: string) => void): Promise<TrainState | undefined> {
  const place = join(folder, folderName)
  const files = await candidates(place)
  for (const file of files) {
    try {
      return await readState(join(place, file))
    } catch (error) {
      if (!(error instanceof DistilledError)) throw error
      note(`${folderName}/${file} is damaged and left aside: ${error.message}`)
    }
  }
  if (!files.length) return undefined
  throw new CheckpointError(`${place}: none of ${files.length} checkpoints can be read.`, {
    remedy: 'Start the run again in a new folder.',
  })
}

/** The path of a run's newest checkpoint, unread; undefined when there is none. */
export async function newestCheckpoint(folder: string): Promise<string | undefined> {
  const [file] = await candidates(join(folder, folderName))
  return file && join(folder, folderName, file)
}

/** The file that latest.json names, then the others from the newest on: each complete file knows its own content. */
async function candidates(place: string): Promise<string[]> {
  const files = (await names(place)).filter((name) => filePattern.test(name)).sort((a, b) => stepOf(b) - stepOf(a))
  const latest = await latestFile(place)
  return files.includes(latest) ? [latest, ...files.filter((file) => file !== latest)] : files
}

const stepOf = (file: string): number => Number(filePattern.exec(file)?.[1])

const names = (place: string): Promise<string[]> =>
  readdir(place).catch((error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })

async function latestFile(place: string): Promise<string> {
  try {
    return String(JSON.parse(await readText(join(place, 'latest.json'))).file)
  } catch {
    return '' // the files themselves tell
  }
}

async function readState(path: string): Promise<TrainState> {
  const checkpoint = await openFile(path)
  try {
    const json = checkpoint.metadata.get(stateKey)
    if (json === undefined) throw new CheckpointError(`${path}: no "${stateKey}" in its metadata.`)
    const tensors = { model: new Map(), ema: new Map(), m: new Map(), v: new Map() }
    const sha256 = await hashOf(json, readTensors(checkpoint, tensors))
    if (sha256 === checkpoint.metadata.get(hashKey)) return Object.assign(progressOf(path, json), { tensors })
    throw new CheckpointError(`${path}: expected SHA-256 ${checkpoint.metadata.get(hashKey)}, found ${sha256}.`)
  } finally {
    await checkpoint.close()
  }
}

const progressSchema = v.object({
  step: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  extra: v.record(v.string(), v.unknown()),
})

/** What the metadata say beside the tensors; the file is named after its step. */
function progressOf(path: string, json: string): Omit<TrainState, 'tensors'> {
  const parsed = v.safeParse(progressSchema, parsedJson(json), { abortEarly: true })
  if (parsed.success && fileName(parsed.output.step) === basename(path)) return parsed.output
  throw new CheckpointError(
    `${path}: expected "${stateKey}" in its metadata to be {"step": ..., "extra": {...}} with the step of the file's name, found ${quote(json)}.`,
  )
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Puts every tensor into its group while it passes by. */
async function* readTensors(checkpoint: Checkpoint, groups: Record<StateGroup, Map<string, HostTensor>>) {
  for (const tensor of checkpoint.tensors().values()) {
    const { name, dtype, shape } = tensor
    const slash = name.indexOf('/')
    const group = groups[name.slice(0, slash) as StateGroup]
    if (!group)
      throw new CheckpointError(`${checkpoint.name}: tensor "${name}" is in none of ${stateGroups.join(', ')}.`)
    const data = await tensor.read()
    group.set(name.slice(slash + 1), { shape, data: toFloat32(data, dtype) })
    yield { name, shape, data }
  }
}

/** Over state, names, shapes and elements; other work gets its turn between tensors. */
async function hashOf(json: string, tensors: Iterable<Hashed> | AsyncIterable<Hashed>): Promise<string> {
  const hash = createHash('sha256').update(json)
  for await (const { name, shape, data } of tensors) {
    hash.update(`\n${name} [${shape}]\n`).update(data)
    await setImmediate()
  }
  return hash.digest('hex')
}

type Hashed = Pick<NamedTensor, 'name' | 'shape' | 'data'>

/** Deletes checkpoints but the `kept` newest up to `step`, and what killed processes left half-written. */
async function prune(place: string, step: number): Promise<void> {
  const all = await names(place)
  const upToNow = all.filter((name) => stepOf(name) <= step).sort((a, b) => stepOf(b) - stepOf(a))
  const keep = new Set(upToNow.slice(0, kept))
  const stale = all.filter((name) => filePattern.test(name) && !keep.has(name))
  for (const name of stale) await rm(join(place, name), { force: true })
  await sweep(place)
}
