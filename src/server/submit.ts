// Submits the job of one request. The time limit, a client that disconnects and the shutdown stop it through one signal.
import type { SampleResult } from '../library/node/model.ts'
import { clientGone, stopping, timedOut } from './errors.ts'
import type { ImageJob } from './parse-request.ts'
import type { Services } from './services.ts'

export interface JobEvents {
  onBatch?(): void
  onStep?(step: number, steps: number): void
  onImage(result: SampleResult, place: number): void | Promise<void>
}

/**
 * Submits a job to the batcher.
 * @param client aborted when the client goes away
 * @returns requests in front, and a promise that rejects with the ApiError to answer
 * @throws ApiError 429 or 503
 */
export function submitJob(services: Services, job: ImageJob, client: AbortSignal, events: JobEvents) {
  const { batcher, metrics, timeout, stop } = services
  if (stop.refusing) throw stopping()
  const controller = new AbortController()
  const clock = setTimeout(() => controller.abort(timedOut(timeout)), timeout * 1000)
  const leave = () => controller.abort(clientGone())
  const end = () => controller.abort(stopping())
  client.addEventListener('abort', leave, { once: true })
  stop.signal.addEventListener('abort', end, { once: true })
  if (client.aborted) leave()
  if (stop.signal.aborted) end()
  const clean = () => {
    clearTimeout(clock)
    client.removeEventListener('abort', leave)
    stop.signal.removeEventListener('abort', end)
  }
  try {
    const { ahead, finished } = batcher.submit({
      job,
      signal: controller.signal,
      ...(events.onBatch && { onBatch: events.onBatch }),
      ...(events.onStep && { onStep: events.onStep }),
      async onImage(place, result) {
        if (job.kind === 'sample' || place === 0) metrics.image(job.model.name) // the states are one image
        await events.onImage(result, place)
      },
    })
    return { ahead, finished: finished.finally(clean) }
  } catch (error) {
    clean()
    throw error
  }
}
