// A training run as a folder: config.json, log.jsonl, checkpoints/, sheets/, report.html and at the end
// model.safetensors with the averaged weights. A run that is started again continues from its last checkpoint. A
// finished run stays as it is, unless more steps are requested: then its weights
// are kept as model-<steps>.safetensors.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { openFile } from '../checkpoint/node/file-source.ts'
import { UsageError } from '../core/errors.ts'
import type { Engine } from '../engine/types.ts'
import { copyAtomically, makeFolder, writeAtomically } from '../files/atomic.ts'
import { lockFolder } from '../files/lock.ts'
import { hasMark, refuseReplacing } from '../files/replacing.ts'
import { fileSha256 } from '../jobs/node/manifest.ts'
import { keptWeights } from '../models/trained-facts.ts'
import type { Communicator } from './communicator.ts'
import { singleProcess } from './communicator.ts'
import type { KnobRow } from './knobs.ts'
import { writeReport } from './report.ts'
import { openLog, type RunEvent } from './run-log.ts'
import { checkSameRun } from './same-run.ts'
import { initFile, startFrom } from './start-from.ts'
import { loadState, saveState } from './train-state.ts'
import { type TrainedNetwork, writeTrained } from './trained-file.ts'
import { type Task, type TrainerSettings, train } from './trainer.ts'

export interface RunOptions {
  folder: string
  title: string
  task: Task
  settings: TrainerSettings
  /** Everything that determines the result; a run continues only with the same, or with more steps. */
  config: Readonly<Record<string, unknown>>
  /** The settings as the report shows them. */
  rows: readonly KnobRow[]
  engine: Engine
  network: Omit<TrainedNetwork, 'tensors' | 'run'>
  /** Weights to start from, a file or a run's folder, instead of the task's first values. */
  init?: string | undefined
  /** Replaces files of the folder that are no run's, or weights whose checkpoints are gone. */
  force?: boolean | undefined
  communicator?: Communicator | undefined
  signal?: AbortSignal | undefined
  onEvent?(event: RunEvent): void
  /** Lines for the person at the terminal. */
  note?(line: string): void
}

export const weightsFile = (folder: string): string => join(folder, 'model.safetensors')

/**
 * Runs a task to its end in `folder` and returns the file of its averaged weights.
 * @throws UsageError when the folder holds a run with other settings, or files that are no run's and would be replaced; FileError when another process trains there; whatever `train` throws
 */
export async function runTask(options: RunOptions): Promise<string> {
  if (options.communicator && options.communicator.rank !== 0) return runLocked(options)
  await makeFolder(options.folder)
  await using _lock = await lockFolder(options.folder, 'a training')
  return await runLocked(options)
}

async function runLocked(options: RunOptions): Promise<string> {
  const { folder, task, settings, engine, network, init, communicator = singleProcess, signal } = options
  const file = weightsFile(folder)
  const leads = communicator.rank === 0
  const initial = init === undefined ? undefined : await initFile(init)
  const config = initial === undefined ? options.config : { ...options.config, init: await fileSha256(initial) }
  const resume = await loadState(folder, options.note ?? (() => {}))
  if (resume) await checkSameRun(folder, resume.step, config)
  else if (leads) await refuseOthers(folder, `${config.kind}`, options.force)
  const finished = resume && existsSync(file) ? await lengthOf(file, settings.steps) : undefined
  if (finished === settings.steps && resume!.step >= settings.steps) return file
  if (!resume && initial !== undefined) options.note?.(await startFrom(initial, network, task.parameters))
  if (leads && finished !== undefined && finished < settings.steps) options.note?.(await keepFinished(folder, finished))
  if (leads) await writeAtomically(join(folder, 'config.json'), json(config)) // from here on the folder is known as a run's
  if (leads) await makeFolder(join(folder, 'sheets'))
  const log = leads ? await openLog(folder, { fromStep: resume?.step ?? 0 }) : undefined
  const say = (event: RunEvent) => {
    log?.write(event)
    options.onEvent?.(event)
  }
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  let last = resume?.step ?? 0
  try {
    say({ type: 'start', time: new Date().toISOString(), config })
    const { tensors, step } = await train(task, {
      engine,
      settings,
      resume,
      communicator,
      signal,
      onStep(report) {
        last = report.step
        say({ type: 'step', time: seconds(), ...report })
      },
      onValidation: (step, metrics) => say({ type: 'validation', step, metrics }),
      async onSheet(step, { image, caption }) {
        const name = `sheets/${String(step).padStart(8, '0')}.png`
        await image.save(join(folder, name))
        say({ type: 'sheet', step, file: name, caption })
      },
      async onCheckpoint(state) {
        const saved = await saveState(folder, state)
        say({ type: 'checkpoint', step: state.step, file: saved.file })
      },
    })
    if (!leads) return file
    await writeTrained(file, { ...network, run: config, tensors: new Map(tensors.ema) })
    say({ type: 'end', step, seconds: seconds() })
    return file
  } catch (error) {
    if (!signal?.aborted) say({ type: 'error', step: last, message: (error as Error).message })
    throw error
  } finally {
    log?.close()
    if (leads) await writeReport(folder, { title: options.title, rows: options.rows })
  }
}

/** A folder without checkpoints is a run's when its config.json says so; its weights are hours of work even then. */
async function refuseOthers(folder: string, kind: string, force: boolean | undefined): Promise<void> {
  if (force) return
  const weights = weightsFile(folder)
  if (await hasMark(weights, /"distilled\.kind":/)) {
    throw new UsageError(
      `${folder} holds weights and no checkpoints to go on from: the run would start anew and replace ${weights}.`,
      { remedy: 'Name another folder, or give `force: true` to replace them.' },
    )
  }
  const config = join(folder, 'config.json')
  const isRun = (await hasMark(config, new RegExp(`"kind": "${kind}"`))) && (await hasMark(config, /"settings": /))
  const written = isRun ? [] : ['config.json', 'log.jsonl', 'report.html', 'sheets', 'checkpoints']
  const paths = [weights, ...written.map((name) => join(folder, name))]
  await refuseReplacing(
    paths.map((path) => ({ name: 'The run', path })),
    { force },
  )
}

/** What was made with finished weights goes on belonging to them, by their hash: they stay when the run is made longer. */
async function keepFinished(folder: string, steps: number): Promise<string> {
  const kept = join(folder, keptWeights(steps))
  if (!existsSync(kept)) await copyAtomically(weightsFile(folder), kept)
  return (
    `note: ${folder} was finished at ${steps} steps and is made longer. Pairs, students and other runs that were made with its present ` +
    `weights go on belonging to them; they are kept as ${kept}.`
  )
}

const runSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ settings: v.optional(v.object({ steps: v.optional(v.number()) })) }),
)

/** Steps of the run that made these weights; `unsaid` if the file does not tell. While a run is extended, these are the steps before. */
async function lengthOf(file: string, unsaid: number): Promise<number> {
  const checkpoint = await openFile(file)
  try {
    const run = v.safeParse(runSchema, checkpoint.metadata.get('distilled.run') ?? '{}')
    return run.success ? (run.output.settings?.steps ?? unsaid) : Number.NaN
  } finally {
    await checkpoint.close()
  }
}

const json = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)
