// The backend over HTTP: the server that serves the page makes the pictures. docs/SERVER.md describes its events; its failures
// become errors that say what to do.
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { isMixed } from '../../../src/sampling/noise-recipe.ts'
import { camelKeys, flatOptions, type SnakeKeys, snakeKeys } from '../../../src/sampling/plan-options.ts'
import { pngSettings } from './png-settings.ts'
import { lostServer, noServer, refusal } from './server-errors.ts'
import { credentials } from './token.ts'
import type { Backend, ClassEntry, Done, ModelInfo, NoiseRecipe, Picture, Preset, SampleAsk, Watch } from './types.ts'
import { BackendError } from './types.ts'

/** @param base the address of the server, relative to the page */
export function serverBackend(base = './'): Backend {
  const known = new Map<string, Promise<ClassEntry[]>>()
  let described: ServedModel[] = []
  const get = async <T>(path: string): Promise<T> => {
    const response = await answer(fetch(base + path, { cache: 'no-store', headers: credentials() }))
    return response.json().catch((cause) => {
      throw cause instanceof SyntaxError ? noServer(cause) : lostServer(cause)
    })
  }
  return {
    kind: 'server',
    async models() {
      described = await get<ServedModel[]>('api/models')
      return described.map(modelInfo)
    },
    classes(model) {
      const found = known.get(model) ?? get<ClassEntry[]>(`api/classes?model=${encodeURIComponent(model)}`)
      known.set(model, found)
      found.catch(() => known.delete(model))
      return found
    },
    isOpen: () => true,
    async open(model) {
      const { device = 'unknown device', threads = 0 } = described.find(({ id }) => id === model) ?? {}
      return { device, threads, notes: [] }
    },
    sample({ model, options, images }, watch) {
      return watched(`${base}api/sample`, { model, ...imagesBody(images), ...snakeKeys(flatOptions(options)) }, watch)
    },
    trajectory({ model, class: label, noise, by }, watch) {
      const body = { model, class_labels: [label], noise: [noise], by }
      return watched(`${base}api/trajectory`, body, watch)
    },
  }
}

interface ServedModel extends Omit<ModelInfo, 'imageSize' | 'presets' | 'defaultSteps'> {
  image_size: number
  default_steps: number
  threads: number
  presets: SnakeKeys<Preset>[]
}

function modelInfo({ image_size, default_steps, presets, ...rest }: ServedModel): ModelInfo {
  return {
    ...rest,
    imageSize: image_size,
    defaultSteps: default_steps,
    presets: presets.map((preset) => camelKeys(preset) as Preset),
  }
}

/** Consecutive images of one seed are asked for by `seed` alone; the images and their settings are the same. */
function imagesBody(images: SampleAsk['images']) {
  const { seed } = images[0]!.noise
  const plain = (noise: NoiseRecipe, place: number) =>
    noise.seed === seed && (noise.index ?? 0) === place && !isMixed(noise)
  const class_labels = images.map((image) => image.class)
  if (images.every(({ noise }, place) => plain(noise, place))) return { class_labels, seed }
  return { class_labels, noise: images.map(({ noise }) => noise) }
}

async function answer(asked: Promise<Response>): Promise<Response> {
  const response = await asked.catch((cause) => {
    throw cause?.name === 'AbortError' ? cause : lostServer(cause)
  })
  if (!response.ok) throw await refusal(response)
  return response
}

/** Sends a request and reads its events to the last one. */
async function watched(url: string, body: unknown, watch: Watch): Promise<Done> {
  const request = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...credentials() },
    body: JSON.stringify(body),
  }
  const response = await answer(fetch(url, { ...request, signal: watch.signal ?? null }))
  // A step is reported when it has been computed, so a request that waited is timed from the event `queued`.
  let started = performance.now()
  let place = 0
  const events = response
    .body!.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  try {
    for (;;) {
      const { done, value } = await events.read()
      if (done) break
      const { event, data } = value
      const said = JSON.parse(data)
      if (event === 'queued') {
        started = performance.now()
        watch.onQueued?.(said.ahead)
      } else if (event === 'step') watch.onStep?.(said.step, said.steps)
      else if (event === 'image') watch.onPicture?.(await picture(said, said.place ?? place++))
      else if (event === 'state')
        watch.onState?.({ timestep: said.timestep, steps: said.steps, picture: await picture(said, place++) })
      else if (event === 'error') throw await refusal(said)
      else if (event === 'done') return { seconds: said.compute_seconds ?? (performance.now() - started) / 1000 }
    }
  } catch (error) {
    if (error instanceof BackendError || watch.signal?.aborted) throw watch.signal?.aborted ? abort(watch) : error
    throw lostServer(error)
  } finally {
    events.cancel().catch(() => {})
  }
  throw lostServer()
}

const abort = ({ signal }: Watch) => signal!.reason ?? new DOMException('Cancelled', 'AbortError')

interface SentImage {
  b64_json: string
  flagged?: boolean
}

async function picture(sent: SentImage, place: number): Promise<Picture> {
  const bytes = Uint8Array.from(atob(sent.b64_json), (character) => character.charCodeAt(0))
  const { settings, width, height } = pngSettings(bytes)
  return {
    place,
    class: Number(settings.class),
    className: String(settings.className),
    png: new Blob([bytes], { type: 'image/png' }),
    width,
    height,
    settings,
    flagged: sent.flagged ?? settings.flagged === true,
  }
}
