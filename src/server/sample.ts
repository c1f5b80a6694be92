// Images as they are made, as server-sent events: queued, step, image, then done or error. Whoever closes the connection stops
// the work.
import { streamSSE } from 'hono/streaming'
import { steps } from '../sampling/plan.ts'
import { asApiError } from './errors.ts'
import { base64, imageFacts, imageSchema, workAnswers } from './images.ts'
import { readOrder } from './order.ts'
import { sampleRequest } from './requests.ts'
import { type Route, readBody } from './route.ts'
import type { WorkEvents } from './work.ts'
import { begin } from './work.ts'

export const sample: Route = {
  ...{ method: 'POST', path: '/api/sample', summary: 'Make images of a class, and watch' },
  body: sampleRequest,
  answers: {
    200: {
      description:
        'Events: queued {ahead, model, seed, images, steps}, step {step, steps}, image {b64_json, ...}, and last done ' +
        '{images, seconds} or error {error}',
      type: 'text/event-stream',
      schema: imageSchema,
    },
    ...workAnswers,
    503: { description: 'The server is stopping' },
  },
  async handle(c, services) {
    const request = await readBody(c, sampleRequest)
    const order = readOrder(services.house, request)
    const gone = new AbortController()
    const events: Required<WorkEvents> = { onStep() {}, onImage() {} }
    const leave = () => gone.abort()
    c.req.raw.signal.addEventListener('abort', leave, { once: true })
    const started = performance.now()
    const work = begin(services, order, gone.signal, {
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
      const send = (event: string, data: unknown) => stream.writeSSE({ event, data: JSON.stringify(data) })
      const { model, seed, rows, plan, format } = order
      const total = steps(plan, model.family.groups.length)
      events.onStep = (step, all) => void send('step', { step, steps: all }).catch(leave)
      events.onImage = async (result) => {
        const b64_json = base64(await result.image.encode(format))
        await send('image', { b64_json, output_format: format, ...imageFacts(result) })
      }
      await send('queued', { ahead: work.ahead, model: model.name, seed, images: rows.length, steps: total })
      try {
        await work.finished
        await send('done', { images: rows.length, seconds: Math.round(performance.now() - started) / 1000 })
      } catch (error) {
        const failure = asApiError(error)
        if (failure.status === 500) services.onFailure(error)
        if (!gone.signal.aborted) await send('error', failure.envelope)
      }
    })
  },
}
