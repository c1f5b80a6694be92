// A training run as a folder: config.json, log.jsonl, checkpoints/, sheets/, report.html and at the end
// model.safetensors with the averaged weights. A run that is started again continues from its last checkpoint. A
// finished run stays as it is, unless more steps are requested.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openFile } from '../checkpoint/node-source.ts'
import type { Engine } from '../engine/types.ts'
import { makeFolder, writeAtomically } from '../files/atomic.ts'
import { lockFolder } from '../files/lock.ts'
import { fileSha256 } from '../jobs/manifest.ts'
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
  communicator?: Communicator | undefined
  signal?: AbortSignal | undefined
  onEvent?(event: RunEvent): void
  /** Lines for the person at the terminal. */
  note?(line: string): void
}

export const weightsFile = (folder: string): string => join(folder, 'model.safetensors')

/**
 * Runs a task to its end in `folder` and returns the file of its averaged weights.
 * @throws UsageError when the folder holds a run with other settings; FileError when another process trains there; whatever `train` throws
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
  const initial = init === undefined ? undefined : await initFile(init)
  const config = initial === undefined ? options.config : { ...options.config, init: await fileSha256(initial) }
  await makeFolder(join(folder, 'sheets'))
  const resume = await loadState(folder, options.note ?? (() => {}))
  if (resume) await checkSameRun(folder, resume.step, config)
  const isFinished = resume && resume.step >= settings.steps && existsSync(file)
  if (isFinished && (await lengthOf(file, settings.steps)) === settings.steps) return file
  if (!resume && initial !== undefined) options.note?.(await startFrom(initial, network, task.parameters))
  const leads = communicator.rank === 0
  const log = leads ? await openLog(folder, { fromStep: resume?.step ?? 0 }) : undefined
  const say = (event: RunEvent) => {
    log?.write(event)
    options.onEvent?.(event)
  }
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  let last = resume?.step ?? 0
  try {
    if (leads) await writeAtomically(join(folder, 'config.json'), json(config))
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

/** Steps of the run that made these weights; `unsaid` if the file does not tell. While a run is extended, these are the steps before. */
async function lengthOf(file: string, unsaid: number): Promise<number> {
  const checkpoint = await openFile(file)
  try {
    return Number(JSON.parse(checkpoint.metadata.get('distilled.run') ?? '{}').settings?.steps ?? unsaid)
  } finally {
    await checkpoint.close()
  }
}

const json = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)
