// Streams images as server-sent events while they are made: queued, step, image (or state), then done or error. Closing the
// connection stops the work.
import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import * as v from 'valibot'
import { steps } from '../sampling/plan.ts'
import { asApiError, envelopeSchema } from './errors.ts'
import { base64, imageFacts, imageFactsSchema, workAnswers } from './images.ts'
import { type ImageJob, type Parsed, parseSample, parseTrajectory, resultsOf } from './parse-request.ts'
import { formats, sampleRequest, trajectoryRequest } from './requests.ts'
import { type RequestContext, type Route, readBody } from './route.ts'
import type { Services } from './services.ts'
import { type JobEvents, submitJob } from './submit.ts'

const whole = v.pipe(v.number(), v.integer(), v.minValue(0))

/** The events that every stream has. */
const commonEvents = {
  queued: v.strictObject({
    ahead: v.pipe(whole, v.description('Requests that were waiting in front.')),
    model: v.string(),
    seed: whole,
    images: whole,
    steps: v.pipe(whole, v.description('Network evaluations for one image.')),
  }),
  step: v.strictObject({ step: whole, steps: whole }),
  done: v.strictObject({
    images: whole,
    seconds: v.number(),
    compute_seconds: v.pipe(v.number(), v.description('Without the wait in the queue.')),
  }),
  error: envelopeSchema,
}

const placedImage = {
  place: v.pipe(whole, v.description('Of the image in the request.')),
  b64_json: v.string(),
  output_format: v.picklist(formats),
  ...imageFactsSchema,
}

const imageEvent = v.strictObject(placedImage)

const stateEvent = v.strictObject({
  ...placedImage,
  timestep: v.pipe(whole, v.description('Token groups that are data; the others are noise.')),
  steps: v.pipe(whole, v.description('The timestep of the last state.')),
})

const answers = (name: 'image' | 'state', schema: v.GenericSchema) => ({
  200: {
    description: `Events: queued, step, ${name}, and last done or error; each carries JSON`,
    types: ['text/event-stream'],
    events: { ...commonEvents, [name]: schema },
  },
  ...workAnswers,
  503: { description: 'The server is stopping' },
})

export const sample: Route = {
  method: 'POST',
  path: '/api/sample',
  summary: 'Make images of a class, and watch',
  body: sampleRequest,
  answers: answers('image', imageEvent),
  async handle(c, services) {
    return watched(c, services, parseSample(services.pool, await readBody(c, sampleRequest)), 'image')
  },
}

export const trajectory: Route = {
  method: 'POST',
  path: '/api/trajectory',
  summary: 'Watch noise become an image, token group by token group',
  body: trajectoryRequest,
  answers: answers('state', stateEvent),
  async handle(c, services) {
    const parsed = parseTrajectory(services.pool, await readBody(c, trajectoryRequest))
    const last = parsed.job.results - 1
    return watched(c, services, parsed, 'state', (timestep) => ({ timestep, steps: last }))
  },
}

/** Submits a job and streams its events; `more` gives further fields of an image's event. */
function watched(
  c: Context<RequestContext>,
  services: Services,
  { job, format }: Parsed<ImageJob>,
  event: string,
  more: (place: number) => object = () => ({}),
) {
  const gone = new AbortController()
  const events: Required<Pick<JobEvents, 'onStep' | 'onImage'>> = { onStep() {}, onImage() {} }
  const leave = () => gone.abort()
  c.req.raw.signal.addEventListener('abort', leave, { once: true })
  const started = performance.now()
  let begun = started
  const work = submitJob(services, job, gone.signal, {
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
    const { model, rows, plan } = job
    const images = resultsOf(job)
    const total = steps(plan, model.family.groups.length)
    events.onStep = (step, all) => void send('step', { step, steps: all }).catch(leave)
    events.onImage = async (result, place) => {
      const b64_json = base64(await result.image.encode(format))
      await send(event, { place, b64_json, output_format: format, ...imageFacts(result), ...more(place) })
    }
    const { seed } = rows[0]!
    await send('queued', { ahead: work.ahead, model: model.name, seed, images, steps: total })
    try {
      await work.finished
      const seconds = (since: number) => Math.round(performance.now() - since) / 1000
      await send('done', { images, seconds: seconds(started), compute_seconds: seconds(begun) })
    } catch (error) {
      const failure = asApiError(error)
      if (failure.status === 500) services.onFailure(error)
      if (!gone.signal.aborted) await send('error', failure.envelope)
    }
  })
}
