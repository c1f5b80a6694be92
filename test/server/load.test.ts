// The server under load and in trouble: no request is lost, mixed up or left without an answer.
import { afterEach, describe, expect, it } from 'vitest'
import type { Model } from '../../src/index.ts'
import type { RunningServer } from '../../src/server/serve.ts'
import { ask, events, loadQuick, post, serve } from './served.ts'

let server: RunningServer
afterEach(() => server.close(0))

const generate = (body: unknown) => post(server.url, '/v1/images/generations', body)
/** For machines that have other things to do. */
const patient = { timeout: 60_000, interval: 10 }
const slow = { prompt: 'car', n: 8, teacher_only: true, model: 'sprites-llamagen-dd' }

/** Ends the engine's worker thread when its current run is over: what it can't read, it dies of. */
function kill(model: Model): void {
  const { link } = model.engine as unknown as { link: { worker: { postMessage(message: unknown): void } } }
  link.worker.postMessage(null)
}

describe('200 requests at once', () => {
  it('get their own images: the right class and seed, byte for byte', async () => {
    server = await serve()
    await server.warm
    let refused = 0
    const request = async (i: number): Promise<{ seed: number; class: number; b64_json: string }> => {
      const { status, body, headers } = await generate({ prompt: String(i % 12), seed: i, steps: 1 + (i % 2) })
      if (status === 200) return body.data[0]
      expect([status, Number(headers.get('retry-after')) >= 1]).toEqual([429, true])
      refused++
      await new Promise((resolve) => setTimeout(resolve, 1000 * Number(headers.get('retry-after'))))
      return request(i)
    }
    const images = await Promise.all(Array.from({ length: 200 }, (_, i) => request(i)))
    expect(images.map(({ seed, class: id }) => [seed, id])).toEqual(images.map((_, i) => [i, i % 12]))
    expect(refused).toBeGreaterThan(0) // 64 wait and 8 are at work

    const model = await loadQuick()
    for (const i of [0, 1, 66, 133, 198, 199]) {
      const { images: own } = await model.sample({ classes: [i % 12, 0], seed: i, steps: 1 + (i % 2) })
      expect(images[i]!.b64_json).toBe(Buffer.from(await own[0]!.encode('png')).toString('base64'))
    }
    await model.dispose()
    expect(server.services.batcher.unanswered).toBe(0)
    const text = (await ask(server.url, '/metrics')).body.toString()
    const count = (name: string) => Number(new RegExp(`^distilled_${name} (\\d+)$`, 'm').exec(text)?.[1])
    expect(count('images_total{model="sprites-var-dd"}'.replaceAll(/[{}"]/g, '\\$&'))).toBe(200)
    expect(count('batched_images_total') / count('batches_total')).toBeGreaterThan(2)
  }, 600_000)
})

describe('an engine that dies', () => {
  it('fails the requests that were at work, and those behind are served by a new one', async () => {
    server = await serve({ models: ['sprites-llamagen-dd'], batch: 2 })
    await server.warm
    const before = server.services.pool.model()
    const seen: string[] = []
    const dying = (async () => {
      for await (const { event, data } of events(server.url, { prompt: 'car', n: 2, teacher_only: true })) {
        seen.push(event === 'error' ? data.error.code : event)
        if (event === 'step' && data.step === 3) kill(before)
      }
    })()
    await expect.poll(() => seen, patient).toContain('queued')
    const behind = await generate({ prompt: 'boat', seed: 4 })
    await dying
    expect(seen.at(-1)).toBe('engine_died')
    expect(seen).not.toContain('image')
    expect(behind).toMatchObject({ status: 200, body: { data: [{ class_name: 'boat', seed: 4 }] } })
    expect(server.services.pool.model()).not.toBe(before)
    expect((await ask(server.url, '/metrics')).body.toString()).toContain(
      'distilled_engine_restarts_total{model="sprites-llamagen-dd"} 1\n',
    )
  })

  it('is replaced when nobody is there, too', async () => {
    server = await serve()
    await server.warm
    kill(server.services.pool.model())
    await expect.poll(() => server.services.pool.ready, patient).toBe(false)
    expect((await ask(server.url, '/readyz')).status).toBe(503)
    await expect.poll(async () => (await ask(server.url, '/readyz')).status, patient).toBe(200)
  })
})

describe('time', () => {
  it('a request that takes too long is 504, and its work stops', async () => {
    server = await serve({ models: ['sprites-llamagen-dd'], timeout: 0.3 })
    await server.warm
    const { batcher, pool } = server.services
    const steps: number[] = []
    const model = pool.model('sprites-llamagen-dd')
    const together = model.together.bind(model)
    model.together = (rows, { onProgress, ...options } = {}) =>
      together(rows, {
        ...options,
        onProgress(event) {
          if (event.type === 'step') steps.push(event.step)
          onProgress?.(event)
        },
      })
    // 40 images one after the other: more than 0.3 s on any machine
    const answers = await Promise.all(Array.from({ length: 4 }, () => generate({ ...slow, n: 10, seed: 1 })))
    const late = answers.filter(({ status }) => status === 504)
    expect(late.length).toBeGreaterThan(0)
    for (const { body } of late) expect(body.error).toMatchObject({ code: 'timeout', type: 'server_error' })
    await batcher.drained()
    const done = steps.length
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect([batcher.unanswered, steps.length]).toEqual([0, done])
    expect(done).toBeLessThan(5 * 64) // of five batches
  })

  it('the end refuses what is new, and lets what is begun end', async () => {
    server = await serve()
    await server.warm
    const begun = generate({ prompt: 'tree', n: 10, teacher_only: true })
    await expect.poll(() => server.services.batcher.unanswered, patient).toBe(1)
    const closing = server.close()
    expect(await begun).toMatchObject({ status: 200, body: { data: { length: 10 } } })
    await closing
    await expect(generate({ prompt: 'tree' })).rejects.toThrow()
  })

  it('the end stops what does not end in time, and says so', async () => {
    server = await serve({ models: ['sprites-llamagen-dd'] })
    await server.warm
    const seen: string[] = []
    const reading = (async () => {
      for await (const { event, data } of events(server.url, { ...slow, n: 10 })) {
        seen.push(event === 'error' ? data.error.code : event)
      }
    })()
    const waiting = generate(slow)
    await expect.poll(() => seen, patient).toContain('step')
    await server.close(0)
    await reading
    expect(seen.at(-1)).toBe('stopping')
    expect(await waiting).toMatchObject({ status: 503, body: { error: { code: 'stopping' } } })
  })
})
