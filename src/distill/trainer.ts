// The loop that every training here runs through: gradients of micro-batches from the engine, one AdamW step on the host,
// an average of the weights, and at intervals validation, sample sheets and checkpoints. What is trained is a Task; where
// the events go (log, terminal, report) is the caller's business. A run continues from its last checkpoint bit for bit.

import { UsageError } from '../core/errors.ts'
import {
  type Engine,
  float32,
  type HostTensor as HostValue,
  hostData,
  type Program,
  type Value,
} from '../engine/types.ts'
import { grad, type Tensor } from '../graph/index.ts'
import type { GeneratedImage } from '../images/image.ts'
import { adamW, decaysByDefault, emaDecay, globalNorm, type OptimizerState, updateEma, zerosLike } from './adamw.ts'
import { averageGradients, type Communicator, singleProcess } from './communicator.ts'
import { type InputWeights, inputWeights } from './input-weights.ts'
import type { Parameters } from './parameters.ts'
import { learningRate, type ScheduleSettings } from './schedule.ts'
import type { TrainState } from './train-state.ts'

export type Feeds = Record<string, HostValue>

/** What is minimised: a scalar, scalars to watch, and tensors that `afterStep` wants to see. */
export interface Objective {
  loss: Tensor
  metrics?: Record<string, Tensor>
  watched?: Record<string, Tensor>
}

export interface Task {
  /** First values of everything that is trained. */
  readonly parameters: Parameters
  /** Writes the loss of one micro-batch of `batch` examples. */
  objective(w: InputWeights, batch: number): Objective
  /** Inputs of micro-batch number `part` of step `step`, a pure function of the two. */
  feeds(step: number, part: number, batch: number): Promise<Feeds>
  /** Held-out micro-batches: how many, and their inputs. */
  readonly validation?: { count: number; feeds(part: number, batch: number): Promise<Feeds> }
  /** Pictures of what the averaged weights can do. */
  sheet?(weights: Parameters, step: number): Promise<{ image: GeneratedImage; caption: string }>
  /** Further figures from the averaged weights, with each validation. */
  measure?(weights: Parameters): Promise<Record<string, number>>
  /** Sees each step's watched tensors and may change parameters and moments, e.g. to revive dead codes. */
  afterStep?(
    step: number,
    watched: readonly Record<string, HostValue>[],
    state: OptimizerState & { parameters: Parameters },
  ): void
  /** What `afterStep` remembers between steps, to be saved with a checkpoint. */
  memory?: { save(): Record<string, unknown>; load(saved: Record<string, unknown>): void }
}

export interface TrainerSettings extends Omit<ScheduleSettings, 'steps'> {
  steps: number
  /** Examples a step, over all processes. */
  batch: number
  /** Examples whose gradients are computed at once. */
  microBatch: number
  betas: readonly number[]
  weightDecay: number
  /** Gradients longer than this are shortened to it; 0 leaves them. */
  clip: number
  emaDecay: number
  /** Steps between validations; 0 never. */
  validateEvery: number
  sheetEvery: number
  checkpointEvery: number
}

export interface StepReport {
  /** Finished steps. */
  step: number
  loss: number
  lr: number
  gradNorm: number
  imagesPerSecond: number
  metrics: Record<string, number>
}

export interface TrainerEvents {
  onStep?(report: StepReport): void
  onValidation?(step: number, metrics: Record<string, number>): void
  onSheet?(step: number, sheet: { image: GeneratedImage; caption: string }): Promise<void>
  /** Has to be done with the arrays when it resolves. */
  onCheckpoint?(state: TrainState): Promise<void>
}

export interface TrainOptions extends TrainerEvents {
  engine: Engine
  settings: TrainerSettings
  /** Where an earlier run stopped. */
  resume?: TrainState | undefined
  communicator?: Communicator | undefined
  signal?: AbortSignal | undefined
}

/** A loss or gradient that is no number any more; names where it happened. */
export class TrainingDiverged extends Error {
  override name = 'TrainingDiverged'
}

/**
 * Trains to the end and returns the final state; `tensors.ema` is what to use.
 * @throws TrainingDiverged at the first NaN, UsageError for settings that do not fit, the signal's reason when aborted
 *   (after a checkpoint)
 * @example
 * const { tensors } = await train(task, { engine, settings, onStep: ({ step, loss }) => console.log(step, loss) })
 */
export async function train(task: Task, options: TrainOptions): Promise<TrainState> {
  const { engine, settings, resume, communicator = singleProcess, signal } = options
  const parts = partsOf(settings, communicator)
  const parameters = copied(resume?.tensors.model ?? task.parameters)
  const ema = copied(resume?.tensors.ema ?? task.parameters)
  const optimizer: OptimizerState = {
    m: resume ? copied(resume.tensors.m) : zerosLike(parameters),
    v: resume ? copied(resume.tensors.v) : zerosLike(parameters),
  }
  if (resume) task.memory?.load(resume.extra)
  await using program = await gradientProgram(task, engine, settings.microBatch)
  await using forward = task.validation && (await forwardProgram(task, engine, settings.microBatch))

  let step = resume?.step ?? 0
  const state = (): TrainState => ({
    step,
    tensors: { model: parameters, ema, m: optimizer.m, v: optimizer.v },
    extra: task.memory?.save() ?? {},
  })
  const due = (every: number) => every > 0 && (step % every === 0 || step === settings.steps)
  const review = async () => {
    if (communicator.rank !== 0) return
    if (due(settings.validateEvery)) {
      const found = forward ? await validate(task, forward, ema, settings.microBatch) : {}
      options.onValidation?.(step, { ...found, ...(await task.measure?.(ema)) })
    }
    if (due(settings.sheetEvery) && task.sheet) await options.onSheet?.(step, await task.sheet(ema, step))
  }

  if (step === 0) await review()
  let next = parts.map((part) => task.feeds(step, part, settings.microBatch))
  while (step < settings.steps) {
    const started = performance.now()
    const [feeds, current] = [next, step]
    const outputs: Record<string, HostValue>[] = []
    for (const feed of feeds) {
      outputs.push((await program.run({ ...weightFeeds(parameters), ...(await feed) })) as Record<string, HostValue>)
      // The next step's data are made while this one computes.
      if (outputs.length === 1 && step + 1 < settings.steps)
        next = parts.map((part) => task.feeds(current + 1, part, settings.microBatch))
    }
    const lr = learningRate(settings, step)
    const { grads, gradNorm, metrics, stop } = await gathered(task, outputs, communicator, step, signal)
    const clipping = settings.clip > 0 && gradNorm > settings.clip ? settings.clip / gradNorm : 1
    const [b1 = 0.9, b2 = 0.95] = settings.betas
    const update = { lr, step: step + 1, gradScale: clipping, betas: [b1, b2] as const, epsilon: 1e-8 }
    adamW(parameters, grads, optimizer, { ...update, weightDecay: settings.weightDecay, decays: decaysByDefault })
    task.afterStep?.(step, outputs, { ...optimizer, parameters })
    updateEma(ema, parameters, emaDecay(settings.emaDecay, step))
    step++
    const { loss = Number.NaN, ...others } = metrics
    const imagesPerSecond = settings.batch / ((performance.now() - started) / 1000)
    if (communicator.rank === 0) options.onStep?.({ step, loss, lr, gradNorm, imagesPerSecond, metrics: others })
    await review()
    if (communicator.rank === 0 && (stop || due(settings.checkpointEvery) || step === settings.steps))
      await options.onCheckpoint?.(state())
    await communicator.barrier()
    if (stop) throw signal?.reason ?? new Error('Another process was interrupted.')
  }
  return state()
}

/** The micro-batches of a step that this process computes. */
function partsOf({ batch, microBatch }: TrainerSettings, { rank, size }: Communicator): number[] {
  const all = batch / microBatch
  if (!Number.isInteger(all) || all % size) {
    throw new UsageError(
      `A batch of ${batch} does not divide into micro-batches of ${microBatch} on ${size} processes.`,
      {
        remedy: 'Make the batch a multiple of micro-batch x processes.',
      },
    )
  }
  return Array.from({ length: all / size }, (_, i) => rank * (all / size) + i)
}

const copied = (tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>): Parameters =>
  new Map(Array.from(tensors, ([name, { shape, data }]) => [name, { shape, data: data.slice() }]))

const weightFeeds = (parameters: Parameters): Record<string, Value> =>
  Object.fromEntries(Array.from(parameters, ([name, { shape, data }]) => [`w:${name}`, float32(data, shape)]))

const shapesOf = (parameters: Parameters) =>
  new Map(Array.from(parameters, ([name, { shape }]) => [name, shape] as const))

async function gradientProgram(task: Task, engine: Engine, batch: number): Promise<Program> {
  const w = inputWeights(shapesOf(task.parameters), 'w:')
  const { loss, metrics = {}, watched = {} } = task.objective(w, batch)
  const names = [...w.used.keys()]
  const unused = [...task.parameters.keys()].filter((name) => !w.used.has(name))
  if (unused.length) throw new UsageError(`The loss does not use ${unused.join(', ')}, which are to be trained.`)
  const grads = grad(loss, [...w.used.values()])
  return engine.load({
    loss,
    ...prefixed('metric:', metrics),
    ...prefixed('watched:', watched),
    ...Object.fromEntries(names.map((name, i) => [`grad:${name}`, grads[i]!])),
  })
}

async function forwardProgram(task: Task, engine: Engine, batch: number): Promise<Program> {
  const { loss, metrics = {} } = task.objective(inputWeights(shapesOf(task.parameters), 'w:'), batch)
  return engine.load({ loss, ...prefixed('metric:', metrics) })
}

const prefixed = (prefix: string, tensors: Record<string, Tensor>) =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [prefix + name, t]))

/** Means over micro-batches and processes of gradients and metrics, the gradients' length, and whether to stop. */
async function gathered(
  task: Task,
  outputs: readonly Record<string, HostValue>[],
  communicator: Communicator,
  step: number,
  signal: AbortSignal | undefined,
) {
  const grads = new Map<string, Float32Array>()
  for (const name of task.parameters.keys()) {
    const parts = outputs.map((out) => hostData(out[`grad:${name}`]))
    grads.set(name, averaged(parts))
  }
  const figures = metricsOf(outputs)
  await averageGradients(communicator, grads)
  const names = Object.keys(figures)
  const values = Float32Array.from([...names.map((name) => figures[name]!), signal?.aborted ? 1 : 0])
  await averageGradients(communicator, new Map([['figures', values]]))
  const gradNorm = globalNorm(grads)
  checkFinite(grads, gradNorm, outputs, values[names.indexOf('loss')]!, step)
  const metrics = Object.fromEntries(names.map((name, i) => [name, values[i]!]))
  return { grads, gradNorm, metrics, stop: values.at(-1)! > 0 }
}

/** The mean, in the memory of the first. */
function averaged([sum, ...others]: readonly Float32Array[]): Float32Array {
  for (const [k, part] of others.entries()) {
    const divisor = k === others.length - 1 ? others.length + 1 : 1
    for (let i = 0; i < part.length; i++) sum![i] = (sum![i]! + part[i]!) / divisor
  }
  return sum!
}

function metricsOf(outputs: readonly Record<string, HostValue>[]): Record<string, number> {
  const names = Object.keys(outputs[0]!).filter((name) => name === 'loss' || name.startsWith('metric:'))
  const mean = (name: string) => outputs.reduce((sum, out) => sum + Number(out[name]!.data[0]), 0) / outputs.length
  return Object.fromEntries(names.map((name) => [name.replace('metric:', ''), mean(name)]))
}

/** Throws at the first NaN or infinity, with all that is known of where it came from: any of them shows in the norm. */
function checkFinite(
  grads: ReadonlyMap<string, Float32Array>,
  gradNorm: number,
  outputs: readonly Record<string, HostValue>[],
  loss: number,
  step: number,
): void {
  if (Number.isFinite(loss) && Number.isFinite(gradNorm)) return
  const bad = [...grads].find((grad) => !Number.isFinite(globalNorm(new Map([grad]))))
  const part = outputs.findIndex((out) => !Number.isFinite(Number(out.loss!.data[0])))
  const where = part < 0 ? '' : ` in micro-batch ${part}`
  const tensor = bad ? `; the first gradient that is not finite is that of "${bad[0]}"` : ''
  throw new TrainingDiverged(
    `The loss of step ${step + 1} is ${loss}${where}${tensor}. The last checkpoint is intact; ` +
      'start again in another folder with a smaller learning rate or a stronger clip.',
  )
}

async function validate(task: Task, forward: Program, weights: Parameters, batch: number) {
  const outputs: Record<string, HostValue>[] = []
  for (let part = 0; part < task.validation!.count; part++) {
    const feeds = await task.validation!.feeds(part, batch)
    outputs.push((await forward.run({ ...weightFeeds(weights), ...feeds })) as Record<string, HostValue>)
  }
  return metricsOf(outputs)
}
