// The loop that every training here runs through: gradients of micro-batches from the engine, one AdamW step on the host,
// an average of the weights, and at intervals validation, sample sheets and checkpoints. A Task defines what is trained; the
// caller decides where events go (log, terminal, report). A run continues from its last checkpoint bit for bit.

import { CheckpointError, UsageError } from '../core/errors.ts'
import { quote, show } from '../core/show.ts'
import {
  type Engine,
  float32,
  type HostTensor as HostValue,
  hostData,
  type Program,
  type Value,
} from '../engine/types.ts'
import { grad, type Tensor } from '../graph/index.ts'
import type { GeneratedImage } from '../images/node/image.ts'
import { adamW, decaysByDefault, emaDecay, globalNorm, type OptimizerState, updateEma, zerosLike } from './adamw.ts'
import { averageGradients, type Communicator, singleProcess } from './communicator.ts'
import { type InputWeights, inputWeights } from './input-weights.ts'
import type { Parameters } from './parameters.ts'
import { learningRate, type ScheduleSettings } from './schedule.ts'
import { stateGroups, type TrainState } from './train-state.ts'

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
  /** Held-out examples: how many, and the inputs of `batch` of them from number `first` on. Each weighs once. */
  readonly validation?: { count: number; feeds(first: number, batch: number): Promise<Feeds> }
  /** Sample images of the averaged weights. */
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

/** A loss or gradient is NaN or infinite; the error names the place. */
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
  if (resume) checkFits(resume, task.parameters)
  const parameters = copied(resume?.tensors.model ?? task.parameters)
  const ema = copied(resume?.tensors.ema ?? task.parameters)
  const optimizer: OptimizerState = {
    m: resume ? copied(resume.tensors.m) : zerosLike(parameters),
    v: resume ? copied(resume.tensors.v) : zerosLike(parameters),
  }
  if (resume) task.memory?.load(resume.extra)
  await using program = await gradientProgram(task, engine, settings.microBatch)
  await using validation = await validator(task, engine, settings.microBatch)

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
      options.onValidation?.(step, { ...(await validation.run(ema)), ...(await task.measure?.(ema)) })
    }
    if (due(settings.sheetEvery) && task.sheet) await options.onSheet?.(step, await task.sheet(ema, step))
  }

  if (step === 0) await review()
  let saved = step
  const save = async () => {
    if (communicator.rank !== 0) return
    await options.onCheckpoint?.(state())
    saved = step
  }
  const ahead = feedsAhead(task, parts, settings, step)
  while (step < settings.steps) {
    const started = performance.now()
    const outputs: Record<string, HostValue>[] = []
    const grads: Gradients = new Map()
    const names = [...parameters.keys()]
    for (const _ of parts) {
      const feeds = await ahead.next().catch(async (error) => {
        if (saved < step) await save() // the cause may be temporary, so the training so far is saved
        throw error
      })
      const found = await program.run({ ...weightFeeds(parameters), ...feeds })
      addGradients(
        grads,
        names,
        found as Record<string, HostValue>,
        outputs.length + 1 === parts.length ? parts.length : 1,
      )
      outputs.push(withoutGradients(found as Record<string, HostValue>))
    }
    const lr = learningRate(settings, step)
    const { gradNorm, metrics, stop } = await gathered(grads, outputs, communicator, step, signal)
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
    if (stop || due(settings.checkpointEvery) || step === settings.steps) await save()
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

/** A checkpoint that was edited or is of another network, with its first difference. */
function checkFits({ step, tensors }: TrainState, parameters: Parameters): void {
  for (const group of stateGroups) {
    const saved = tensors[group]
    const wrong =
      [...parameters].find(([name, { shape }]) => `${saved.get(name)?.shape}` !== `${shape}`)?.[0] ??
      [...saved.keys()].find((name) => !parameters.has(name))
    if (wrong === undefined) continue
    const shown = (shape: readonly number[] | undefined) => (shape ? `shape ${show(shape)}` : 'no such tensor')
    throw new CheckpointError(
      `The checkpoint of step ${step} does not fit this network: expected ${shown(parameters.get(wrong)?.shape)} as ${quote(`${group}/${wrong}`)}, found ${shown(saved.get(wrong)?.shape)}.`,
      { remedy: 'Start the run again in a new folder.' },
    )
  }
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

/** The inputs of micro-batch after micro-batch; the next one's are made while the engine computes. */
function feedsAhead(task: Task, parts: readonly number[], { steps, microBatch }: TrainerSettings, from: number) {
  const made = (at: number): Promise<Feeds> | undefined => {
    const step = from + Math.floor(at / parts.length)
    const feeds = step < steps ? task.feeds(step, parts[at % parts.length]!, microBatch) : undefined
    feeds?.catch(() => {}) // it is heard when its turn comes
    return feeds
  }
  let at = 0
  let coming = made(at)
  return {
    async next(): Promise<Feeds> {
      const feeds = await coming!
      coming = made(++at)
      return feeds
    },
  }
}

/** Means over the held-out examples, each of which weighs the same: full micro-batches, then one of what is left. */
async function validator(task: Task, engine: Engine, microBatch: number) {
  const { count, feeds } = task.validation ?? { count: 0, feeds: async () => ({}) }
  const rest = count % microBatch
  const programs = new Map<number, Program>()
  const sizes = [...(count >= microBatch ? [microBatch] : []), ...(rest ? [rest] : [])]
  for (const size of sizes) {
    const { loss, metrics = {} } = task.objective(inputWeights(shapesOf(task.parameters), 'w:'), size)
    programs.set(size, await engine.load({ loss, ...prefixed('metric:', metrics) }))
  }
  return {
    async run(weights: Parameters): Promise<Record<string, number>> {
      const sums: Record<string, number> = {}
      for (let first = 0; first < count; first += microBatch) {
        const size = Math.min(microBatch, count - first)
        const inputs = { ...weightFeeds(weights), ...(await feeds(first, size)) }
        const found = metricsOf([(await programs.get(size)!.run(inputs)) as Record<string, HostValue>])
        for (const [name, value] of Object.entries(found)) sums[name] = (sums[name] ?? 0) + value * size
      }
      return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count]))
    },
    async [Symbol.asyncDispose]() {
      for (const program of programs.values()) await program.dispose()
    },
  }
}

const prefixed = (prefix: string, tensors: Record<string, Tensor>) =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [prefix + name, t]))

type Gradients = Map<string, Float32Array>

/** Adds the gradients of a micro-batch to `sums`; with the last one, `divisor` makes means of them. Only one's are in memory. */
function addGradients(
  sums: Gradients,
  names: readonly string[],
  outputs: Record<string, HostValue>,
  divisor: number,
): void {
  for (const name of names) {
    const part = hostData(outputs[`grad:${name}`])
    const sum = sums.get(name)
    if (!sum) sums.set(name, part)
    else for (let i = 0; i < part.length; i++) sum[i] = (sum[i]! + part[i]!) / divisor
  }
}

const withoutGradients = (outputs: Record<string, HostValue>): Record<string, HostValue> =>
  Object.fromEntries(Object.entries(outputs).filter(([name]) => !name.startsWith('grad:')))

/** Means over processes of gradients (in place) and metrics, the gradients' length, and whether to stop. */
async function gathered(
  grads: Gradients,
  outputs: readonly Record<string, HostValue>[],
  communicator: Communicator,
  step: number,
  signal: AbortSignal | undefined,
) {
  const figures = metricsOf(outputs)
  await averageGradients(communicator, grads)
  const names = Object.keys(figures)
  const values = Float32Array.from([...names.map((name) => figures[name]!), signal?.aborted ? 1 : 0])
  await averageGradients(communicator, new Map([['figures', values]]))
  const gradNorm = globalNorm(grads)
  checkFinite(grads, gradNorm, outputs, values[names.indexOf('loss')]!, step)
  const metrics = Object.fromEntries(names.map((name, i) => [name, values[i]!]))
  return { gradNorm, metrics, stop: values.at(-1)! > 0 }
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
