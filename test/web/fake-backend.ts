// A Backend that computes nothing: it draws sprites, mixes them as the noise says, and answers when it is told to. It runs in a
// page of its own (fake/), where tests make it slow, busy or broken through `globalThis.fake`.

import type {
  Backend,
  ClassEntry,
  Done,
  FaultCode,
  ImageAsk,
  ModelInfo,
  Picture,
  PlanOptions,
  SampleAsk,
  TrajectoryAsk,
  Watch,
} from '../../web/src/backend/types.ts'
import { BackendError } from '../../web/src/backend/types.ts'
import { spritePixels } from './fake/paint.ts'
import { fakeModels } from './fake-models.ts'

const names = ['fish', 'house', 'tree', 'boat', 'mushroom', 'cat', 'car', 'flower', 'rocket', 'cup', 'key', 'star']

/** What tests may turn, and what they may look at. */
export interface FakeControls {
  /** Milliseconds for each evaluation. */
  delay: number
  /** Asks that are before ours. */
  ahead: number
  /** The next ask fails so. */
  fault?: { code: FaultCode; message: string; remedy?: string; again?: boolean } | undefined
  asks: (SampleAsk | TrajectoryAsk)[]
  finished: number
  aborted: number
}

export function fakeBackend(controls: FakeControls): Backend {
  const wait = (milliseconds: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const stop = () => reject(signal!.reason)
      if (signal?.aborted) return stop()
      signal?.addEventListener('abort', stop, { once: true })
      setTimeout(resolve, milliseconds)
    })

  /** One ask from queue to end, counted. */
  const turn = async (ask: SampleAsk | TrajectoryAsk, watch: Watch, work: () => Promise<void>): Promise<Done> => {
    controls.asks.push(structuredClone(ask))
    const { fault } = controls
    const started = performance.now()
    try {
      await wait(1, watch.signal)
      if (fault) {
        controls.fault = undefined
        throw new BackendError(fault.message, fault)
      }
      watch.onQueued?.(controls.ahead)
      await work()
      controls.finished++
      return { seconds: (performance.now() - started) / 1000 }
    } catch (error) {
      if (watch.signal?.aborted) controls.aborted++
      throw error
    }
  }

  return {
    kind: 'server',
    models: async () => fakeModels,
    classes: async () =>
      names.map((name, id): ClassEntry => ({ id, name, synonyms: [], sensitive: false, policy: 'allow' })),
    isOpen: () => true,
    open: async () => ({ device: 'cpu', threads: 1, notes: [] }),
    sample: (ask, watch) =>
      turn(ask, watch, async () => {
        const model = fakeModels.find(({ id }) => id === ask.model)!
        const steps = evaluations(ask.options, model)
        for (let step = 1; step <= steps; step++) {
          await wait(controls.delay, watch.signal)
          watch.onStep?.(step, steps)
        }
        for (const [place, image] of ask.images.entries()) {
          watch.onPicture?.(await picture(place, image, { model, softness: softness(ask.options), data: 1 }))
        }
      }),
    trajectory: (ask, watch) =>
      turn(ask, watch, async () => {
        const model = fakeModels.find(({ id }) => id === ask.model)!
        const steps = model.groups.length
        for (let timestep = 0; timestep <= steps; timestep++) {
          await wait(controls.delay, watch.signal)
          const softer = ask.by === 'student' ? 0.5 : 0
          watch.onState?.({
            timestep,
            steps,
            picture: await picture(timestep, ask, { model, softness: softer, data: timestep / steps }),
          })
        }
      }),
  }
}

function evaluations(options: PlanOptions, { groups }: ModelInfo): number {
  return options.flow || options.teacherOnly ? groups.length : (options.steps ?? options.timesteps?.length ?? 1)
}

/** The fewer evaluations, the less like the flow map. */
const softness = (options: PlanOptions): number =>
  options.flow ? 0 : options.teacherOnly ? 0.2 : 0.8 / Math.sqrt(options.steps ?? 1)

interface Look {
  model: ModelInfo
  softness: number
  /** Share of the groups that are data. */
  data: number
}

async function picture(place: number, { class: label, noise }: Pick<ImageAsk, 'class' | 'noise'>, look: Look) {
  const canvas = new OffscreenCanvas(32, 32)
  canvas.getContext('2d')!.putImageData(await spritePixels(label, noise, look), 0, 0)
  const png = await canvas.convertToBlob({ type: 'image/png' })
  const settings = { model: look.model.id, class: label, className: names[label], ...noise }
  return {
    place,
    class: label,
    className: names[label]!,
    png,
    width: 32,
    height: 32,
    settings,
    flagged: false,
  } satisfies Picture
}
