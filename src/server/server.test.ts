// The server's small parts: what requests may say, the store of images, the counters.
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { Metrics } from './metrics.ts'
import { jsonSchema } from './openapi.ts'
import { imagesRequest, parsed, planOptions, sampleRequest } from './requests.ts'
import { ImageStore } from './store.ts'

describe('requests', () => {
  it.each([
    [null, 'The request must be a JSON object.'],
    [[], 'The request must be a JSON object.'],
    ['boat', 'The request must be a JSON object.'],
    [{ n: 0 }, 'n must be a whole number from 1 to 10.'],
    [{ n: 11 }, 'n must be a whole number from 1 to 10.'],
    [{ n: 1.5 }, 'n must be a whole number from 1 to 10.'],
    [{ n: '1' }, 'n must be a whole number from 1 to 10.'],
    [{ seed: -1 }, `seed must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`],
    [{ seed: 2 ** 53 }, `seed must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}.`],
    [{ noise: [{ seed: 1, index: 2 ** 53 - 1 }] }, `noise.0.index must be a whole number from 0 to ${2 ** 52}.`],
    [{ prompt: 'x'.repeat(201) }, 'prompt must have at most 200 characters.'],
    [{ class_labels: [] }, 'class_labels must be a list of 1 to 10.'],
    [{ class_labels: [{}] }, 'class_labels.0 must be a class name or id.'],
    [{ size: '../../etc' }, 'size must be "auto" or such as "256x256".'],
    [{ output_format: 'gif' }, 'output_format must be one of png, jpeg, webp.'],
    [{ response_format: 'file' }, 'response_format must be one of b64_json, url.'],
    [{ timesteps: new Array(65).fill(0) }, 'timesteps must be a list of 1 to 64.'],
    [{ out: 'somewhere' }, 'There is no parameter "out".'],
    [JSON.parse('{"__proto__": {"n": 1}}'), 'There is no parameter "__proto__".'],
    [{ ['x'.repeat(1000)]: 1 }, `There is no parameter "${'x'.repeat(80)}...".`],
  ])('%j: %s', (request, message) => {
    expect(() => parsed(imagesRequest, request)).toThrow(message)
  })

  it('become the plan that the command line would make', () => {
    const request = parsed(sampleRequest, { prompt: 'boat', timesteps: [0, 3], teacher_from: 2, cfg: 1.5, top_k: 9 })
    expect(planOptions(request)).toEqual({
      timesteps: [0, 3],
      teacherFrom: 2,
      steps: undefined,
      split: undefined,
      teacherOnly: undefined,
      teacher: { cfg: 1.5, topK: 9 },
    })
  })

  it('a kind of schema that the document cannot say is an error', () => {
    expect(() => jsonSchema(v.date())).toThrow('"date"')
  })
})

describe('the store of images', () => {
  const image = (length: number) => ({ bytes: new Uint8Array(length), type: 'image/png' })

  it('forgets what is too old', () => {
    let now = 0
    const store = new ImageStore({ seconds: 10, now: () => now })
    const name = store.put(image(5))
    expect(name).toMatch(/^[0-9a-f]{32}$/)
    now = 9999
    expect(store.get(name)?.bytes).toHaveLength(5)
    now = 10_000
    expect([store.get(name), store.bytes]).toEqual([undefined, 0])
  })

  it('never holds more than it may: the oldest leave', () => {
    const store = new ImageStore({ bytes: 100 })
    const names = Array.from({ length: 5 }, () => store.put(image(40)))
    expect(names.map((name) => store.get(name) !== undefined)).toEqual([false, false, false, true, true])
    expect(store.bytes).toBe(80)
  })
})

it('counters are what Prometheus reads: buckets add up, labels are escaped', () => {
  const metrics = new Metrics()
  metrics.request('/a', 'GET', 200, 0.02)
  metrics.request('/a', 'GET', 200, 70)
  metrics.image('a "model"\n')
  const text = metrics.text({
    waiting: 3,
    unanswered: 4,
    ready: true,
    storeBytes: 5,
    restarts: new Map([['m', 1]]),
    connections: 6,
    closedConnections: { full: 7, slow: 0 },
  })
  metrics.stop()
  expect(text).toContain('distilled_requests_total{route="/a",method="GET",status="200"} 2\n')
  expect(text).toContain('distilled_request_seconds_bucket{route="/a",le="0.025"} 1\n')
  expect(text).toContain('distilled_request_seconds_bucket{route="/a",le="60"} 1\n')
  expect(text).toContain('distilled_request_seconds_bucket{route="/a",le="120"} 2\n')
  expect(text).toContain('distilled_request_seconds_count{route="/a"} 2\n')
  expect(text).toContain('distilled_images_total{model="a \\"model\\"\\n"} 1\n')
  expect(text).toContain('distilled_queue_requests 3\n')
  expect(text).toContain('distilled_connections 6\n')
  expect(text).toContain('distilled_connections_closed_total{reason="full"} 7\n')
  for (const line of text.trim().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? [\d.e+-]+)$/)
})
