// Images as they are made, as server-sent events: queued, step, image (or state), then done or error. Whoever closes the
// connection stops the work.
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import { steps } from '../sampling/plan.ts'
import { asApiError } from './errors.ts'
import { base64, imageFacts, imageSchema, workAnswers } from './images.ts'
import type { JsonSchema } from './json-schema.ts'
import { type ImageOrder, readOrder, readTrajectory } from './order.ts'
import { sampleRequest, trajectoryRequest } from './requests.ts'
import { type Notes, type Route, readBody } from './route.ts'
import type { Services } from './services.ts'
import { begin, type WorkEvents } from './work.ts'

const answers = (what: string, schema: JsonSchema) => ({
  200: {
    description:
      `Events: queued {ahead, model, seed, images, steps}, step {step, steps}, ${what}, and last done ` +
      '{images, seconds, compute_seconds} or error {error}',
    type: 'text/event-stream',
    schema,
  },
  ...workAnswers,
  503: { description: 'The server is stopping' },
})

/** An image and its position in the request. */
const placedSchema = {
  ...imageSchema,
  properties: { place: { type: 'integer' }, ...imageSchema.properties },
  required: ['place', ...imageSchema.required],
}

export const sample: Route = {
  ...{ method: 'POST', path: '/api/sample', summary: 'Make images of a class, and watch' },
  body: sampleRequest,
  answers: answers('image {place, b64_json, ...}', placedSchema),
  async handle(c, services) {
    const order = readOrder(services.house, await readBody(c, sampleRequest))
    return watched(c, services, order, 'image')
  },
}

const stateSchema = {
  ...placedSchema,
  properties: { ...placedSchema.properties, timestep: { type: 'integer' }, steps: { type: 'integer' } },
  required: [...placedSchema.required, 'timestep', 'steps'],
}

export const trajectory: Route = {
  ...{ method: 'POST', path: '/api/trajectory', summary: 'Watch noise become an image, token group by token group' },
  body: trajectoryRequest,
  answers: answers(
    'state {timestep, steps, b64_json, ...}: the first `timestep` of `steps` groups are data, the others noise',
    stateSchema,
  ),
  async handle(c, services) {
    const order = readTrajectory(services.house, await readBody(c, trajectoryRequest))
    const last = order.rows.length - 1
    return watched(c, services, order, 'state', (timestep) => ({ timestep, steps: last }))
  },
}

/** Puts an order on the lane and tells of it as it goes; `more` is what an image's event says beside the image. */
function watched(
  c: Context<Notes>,
  services: Services,
  order: ImageOrder,
  event: string,
  more: (place: number) => object = () => ({}),
) {
  const gone = new AbortController()
  const events: Required<Pick<WorkEvents, 'onStep' | 'onImage'>> = { onStep() {}, onImage() {} }
  const leave = () => gone.abort()
  c.req.raw.signal.addEventListener('abort', leave, { once: true })
  const started = performance.now()
  let begun = started
  const work = begin(services, order, gone.signal, {
    onBatch() {
      if (begun === started) begun = performance.now()
    },
    onStep: (step, all) => events.onStep(step, all),
    onImage: (result, place) => events.onImage(result, place),
  })
  c.header('X-Accel-Buffering', 'no')
  const ends = work.finished.then(
    () => 200,
    (error) => asApiError(error).status,
  )
  c.set('ends', ends)
  return streamSSE(c, async (stream) => {
    stream.onAbort(leave)
    const send = (name: string, data: unknown) => stream.writeSSE({ event: name, data: JSON.stringify(data) })
    const { model, rows, plan, format } = order
    const total = steps(plan, model.family.groups.length)
    events.onStep = (step, all) => void send('step', { step, steps: all }).catch(leave)
    events.onImage = async (result, place) => {
      const b64_json = base64(await result.image.encode(format))
      await send(event, { place, b64_json, output_format: format, ...imageFacts(result), ...more(place) })
    }
    const { seed } = rows[0]!
    await send('queued', { ahead: work.ahead, model: model.name, seed, images: rows.length, steps: total })
    try {
      await work.finished
      const seconds = (since: number) => Math.round(performance.now() - since) / 1000
      await send('done', { images: rows.length, seconds: seconds(started), compute_seconds: seconds(begun) })
    } catch (error) {
      const failure = asApiError(error)
      if (failure.status === 500) services.onFailure(error)
      if (!gone.signal.aborted) await send('error', failure.envelope)
    }
  })
}
