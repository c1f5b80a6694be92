// A training run as a folder: config.json, log.jsonl, checkpoints/, sheets/, report.html and at the end
// model.safetensors with the averaged weights. Started again, it goes on where the last checkpoint is; finished, it stays.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../core/errors.ts'
import type { Engine } from '../engine/types.ts'
import { makeFolder, writeAtomically } from '../files/atomic.ts'
import type { Communicator } from './communicator.ts'
import { singleProcess } from './communicator.ts'
import { configHash, type KnobRow } from './knobs.ts'
import { writeReport } from './report.ts'
import { openLog, type RunEvent } from './run-log.ts'
import { loadState, saveState } from './train-state.ts'
import { type TrainedNetwork, writeTrained } from './trained-file.ts'
import { type Task, type TrainerSettings, train } from './trainer.ts'

export interface RunOptions {
  folder: string
  title: string
  task: Task
  settings: TrainerSettings
  /** Everything that decides what comes out; a run is only continued under the same. */
  config: Readonly<Record<string, unknown>>
  /** The settings as the report shows them. */
  rows: readonly KnobRow[]
  engine: Engine
  network: Omit<TrainedNetwork, 'tensors' | 'run'>
  communicator?: Communicator | undefined
  signal?: AbortSignal | undefined
  onEvent?(event: RunEvent): void
  /** Lines for the person at the terminal. */
  note?(line: string): void
}

export const weightsFile = (folder: string): string => join(folder, 'model.safetensors')

/**
 * Runs a task to its end in `folder` and returns the file of its averaged weights.
 * @throws UsageError when the folder holds a run with other settings; whatever `train` throws
 */
export async function runTask(options: RunOptions): Promise<string> {
  const { folder, task, settings, config, engine, network, communicator = singleProcess, signal } = options
  const file = weightsFile(folder)
  await makeFolder(join(folder, 'sheets'))
  const hash = configHash(config)
  const resume = await loadState(folder, options.note ?? (() => {}))
  if (resume && resume.configHash !== hash) {
    throw new UsageError(`${folder} holds a run with other settings, ${resume.step} steps long.`, {
      remedy: 'Name another folder, or repeat the settings in its config.json.',
    })
  }
  if (resume && resume.step >= settings.steps && existsSync(file)) return file
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
        const saved = await saveState(folder, { ...state, configHash: hash })
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

const json = (value: unknown) => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)
