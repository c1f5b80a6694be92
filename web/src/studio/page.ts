// The Studio in the page: the library itself in a Web Worker, with ONNX Runtime for browsers. It is loaded when somebody chooses it;
// models/ and ort/ beside the page hold the weights and the runtime.
import type { WebModel } from '../../../src/web/index.ts'
import { pageFault } from './page-errors.ts'
import type { Done, NoiseRecipe, Picture, SampleAsk, Studio, TrajectoryAsk, Watch, Way } from './types.ts'

const library = () => import('./page-library.ts')
const folders = { base: './models/', ort: './ort/' } as const

/** The models that come with the app, for views that tell of them while none can be asked. */
export const embeddedModels = async () => (await library()).embeddedModels()

export function pageStudio(): Studio {
  const opened = new Map<string, WebModel>()
  const modelOf = async (id: string): Promise<WebModel> => {
    const model = opened.get(id)
    if (model) return model
    throw pageFault(new Error(`${id} is not open in this page.`))
  }
  /** A worker that failed is no model any more: the next attempt starts anew. */
  const guarded = async <T>(id: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      const fault = pageFault(error)
      if (fault.code === 'engine') {
        opened.get(id)?.dispose()
        opened.delete(id)
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
      return (await library()).classesOf(model)
    },
    isOpen: (model) => opened.has(model),
    open(id, { signal, onDownload } = {}) {
      return guarded(id, signal, async () => {
        const { load } = await library()
        const model =
          opened.get(id) ??
          (await load(id, {
            ...{ ...folders, needTeacher: true, signal },
            onProgress: (event) => event.type === 'download' && onDownload?.(event.allDone, event.allTotal ?? 0),
          }))
        opened.set(id, model)
        return { device: model.device, threads: model.threads, notes: [...model.notes] }
      })
    },
    sample: (ask, watch) => guarded(ask.model, watch.signal, async () => sample(await modelOf(ask.model), ask, watch)),
    trajectory: (ask, watch) =>
      guarded(ask.model, watch.signal, async () => trajectory(await modelOf(ask.model), ask, watch)),
  }
}

/** Recipes that are more than a seed and an index travel as they are. */
const isMixed = ({ toward, groups }: NoiseRecipe) => toward !== undefined || Boolean(groups?.length)

async function sample(model: WebModel, { way, images }: SampleAsk, watch: Watch): Promise<Done> {
  const started = performance.now()
  const rows = images.map(({ class: label, noise }) => ({
    ...{ class: label, seed: noise.seed, index: noise.index ?? 0 },
    ...(isMixed(noise) && { noise }),
  }))
  let place = 0
  for await (const { image, class: info, flagged } of model.together(rows, { ...way, ...watched(watch) }))
    watch.onPicture?.(await picture(image, place++, info, flagged))
  return { seconds: (performance.now() - started) / 1000 }
}

async function trajectory(model: WebModel, { class: label, noise, by }: TrajectoryAsk, watch: Watch): Promise<Done> {
  const started = performance.now()
  const ways: Record<TrajectoryAsk['by'], Way> = {
    flow: { flow: true },
    teacher: { teacherOnly: true },
    student: { steps: 1 },
  }
  const states = model.trajectory({ class: label, noise, ...ways[by], ...watched(watch) })
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
