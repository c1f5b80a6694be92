// The backend in the page: the library in a Web Worker, with ONNX Runtime for browsers. It is loaded when it is chosen;
// models/ and ort/ next to the page hold the weights and the runtime.
import { isMixed } from '../../../src/sampling/noise-recipe.ts'
import { trajectoryPaths } from '../../../src/sampling/plan-options.ts'
import type { WebModel } from '../../../src/web/index.ts'
import { pageFault } from './page-errors.ts'
import {
  type Backend,
  BackendError,
  type Done,
  type Picture,
  type SampleAsk,
  type TrajectoryAsk,
  type Watch,
} from './types.ts'

const library = () => import('./page-library.ts')
const folders = { base: './models/', ort: './ort/' } as const

/** The models that come with the app, for views that describe them before one is open. */
export const embeddedModels = async () => (await library()).embeddedModels()

export function pageBackend(): Backend {
  const opened = new Map<string, WebModel>()
  /** Models whose worker failed: the next request opens them again, from the files that the browser kept. */
  const lost = new Set<string>()
  const ready = async (id: string, { signal, onDownload }: OpenWatch): Promise<WebModel> => {
    const { load } = await library()
    const loaded =
      opened.get(id) ??
      (await load(id, {
        ...folders,
        needTeacher: true,
        signal,
        onProgress: (event) => event.type === 'download' && onDownload?.(event.allDone, event.allTotal ?? 0),
      }))
    const model = opened.get(id) ?? loaded
    if (model !== loaded) loaded.dispose() // another request has loaded it meanwhile
    opened.set(id, model)
    lost.delete(id)
    return model
  }
  const guarded = async <T>(id: string, watch: OpenWatch, work: (model: WebModel) => T | Promise<T>): Promise<T> => {
    let model: WebModel | undefined
    try {
      if (!opened.has(id) && !lost.has(id) && !watch.opens)
        throw new BackendError(`${id} is not open in this page.`, { code: 'no_model', again: true })
      model = await ready(id, watch)
      return await work(model)
    } catch (error) {
      if (watch.signal?.aborted) throw watch.signal.reason
      const fault = pageFault(error)
      if (fault.code === 'engine' && model && opened.get(id) === model) {
        model.dispose()
        opened.delete(id)
        lost.add(id)
      }
      throw fault
    }
  }
  return {
    kind: 'page',
    async models() {
      const { describe } = await library().catch((error) => {
        throw pageFault(error)
      })
      return describe(folders)
    },
    async classes(model) {
      const { classesOf } = await library().catch((error) => {
        throw pageFault(error)
      })
      return classesOf(model)
    },
    isOpen: (model) => opened.has(model),
    open: (id, { signal, onDownload } = {}) =>
      guarded(id, { signal, onDownload, opens: true }, ({ device, threads, notes }) => ({
        device,
        threads,
        notes: [...notes],
      })),
    sample: (ask, watch) => guarded(ask.model, { signal: watch.signal }, (model) => sample(model, ask, watch)),
    trajectory: (ask, watch) => guarded(ask.model, { signal: watch.signal }, (model) => trajectory(model, ask, watch)),
  }
}

interface OpenWatch {
  signal?: AbortSignal | undefined
  onDownload?: ((done: number, total: number) => void) | undefined
  /** Whether a model that was never open may be downloaded. */
  opens?: boolean
}

async function sample(model: WebModel, { options, images }: SampleAsk, watch: Watch): Promise<Done> {
  const started = performance.now()
  const rows = images.map(({ class: label, noise }) => ({
    class: label,
    seed: noise.seed,
    index: noise.index ?? 0,
    ...(isMixed(noise) && { noise }),
  }))
  let place = 0
  for await (const { image, class: info, flagged } of model.together(rows, { ...options, ...watched(watch) }))
    watch.onPicture?.(await picture(image, place++, info, flagged))
  return { seconds: (performance.now() - started) / 1000 }
}

async function trajectory(model: WebModel, { class: label, noise, by }: TrajectoryAsk, watch: Watch): Promise<Done> {
  const started = performance.now()
  const states = model.trajectory({ class: label, noise, ...trajectoryPaths[by], ...watched(watch) })
  for await (const { image, class: info, flagged, timestep, last } of states)
    watch.onState?.({ timestep, steps: last, picture: await picture(image, timestep, info, flagged) })
  return { seconds: (performance.now() - started) / 1000 }
}

const watched = ({ signal, onStep }: Watch) => ({
  signal,
  onProgress: (event: { type: string; step?: number; steps?: number }) =>
    event.type === 'step' && onStep?.(event.step!, event.steps!),
})

type WebImage = Awaited<ReturnType<WebModel['sample']>>['images'][number]

async function picture(
  image: WebImage,
  place: number,
  info: { id: number; name: string },
  flagged: boolean,
): Promise<Picture> {
  const { width, height, settings } = image
  return { place, class: info.id, className: info.name, png: await image.blob(), width, height, settings, flagged }
}
