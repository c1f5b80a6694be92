// The server as its clients see it: OpenAI's own client, a reader of events, and a person with curl; images are those of the
// command line, byte for byte.
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings } from '../../src/index.ts'
import { jsonSchema } from '../../src/server/openapi.ts'
import { imagesRequest, sampleRequest } from '../../src/server/requests.ts'
import { routes } from '../../src/server/routes.ts'
import type { RunningServer } from '../../src/server/serve.ts'
import { distilled, temporaryFolder } from '../cli/command-line.ts'
import { ask, events, post, type ServerEvent, serve } from './served.ts'

let server: RunningServer
let client: OpenAI
const folder = temporaryFolder()

beforeAll(async () => {
  server = await serve({ models: ['sprites-var-dd', 'sprites-llamagen-dd'] })
  client = new OpenAI({ baseURL: `${server.url}v1`, apiKey: 'none', maxRetries: 0 })
  await server.warm
})
afterAll(() => server.close(0))

const generate = (body: unknown) => post(server.url, '/v1/images/generations', body)
const bytesOf = (image: { b64_json?: string | undefined }) => Buffer.from(image.b64_json!, 'base64')

describe("OpenAI's client", () => {
  it('makes images of a class', async () => {
    const answer = await client.images.generate({
      model: 'sprites-var-dd',
      prompt: 'boat',
      n: 2,
      response_format: 'b64_json',
    })
    expect(answer.data).toHaveLength(2)
    const path = join(folder, 'boat.png')
    await writeFile(path, bytesOf(answer.data![1]!))
    expect(await readSettings(path)).toMatchObject({
      model: 'sprites-var-dd',
      className: 'boat',
      index: 1,
      batched: true,
    })
  })

  it('gets addresses that hold the very images for a while', async () => {
    const request = { model: 'sprites-var-dd', prompt: '7', size: 'auto', seed: 5 } as const
    const { data } = await client.images.generate({ ...request, response_format: 'url' })
    const image = await fetch(data![0]!.url!)
    expect([image.status, image.headers.get('content-type')]).toEqual([200, 'image/png'])
    const again = await client.images.generate({ ...request, response_format: 'b64_json' })
    expect(Buffer.from(await image.arrayBuffer()).equals(bytesOf(again.data![0]!))).toBe(true)
  })

  it('may say everything that it says to OpenAI, where that does no harm', async () => {
    const request = { prompt: 'boat', seed: 5 } as const
    const plain = await client.images.generate({ ...request, model: 'sprites-var-dd' })
    const { created, ...said } = await client.images.generate({
      ...request,
      model: null,
      n: 1,
      size: 'auto',
      quality: 'high',
      style: 'vivid',
      user: 'someone',
      background: 'auto',
      moderation: 'low',
      output_compression: 80,
      output_format: null,
      response_format: null,
      partial_images: 0,
      stream: false,
    })
    expect([said, created > 1.7e9]).toEqual([{ ...plain, created: undefined }, true])
  })

  it.each([
    ['background', 'transparent', /no transparency/],
    ['stream', true, /api\/sample/],
    ['partial_images', 2, /api\/trajectory/],
    ['output_compression', 101, /0 to 100/],
    ['size', '1024x1024', /32x32/],
  ])('hears why %s cannot be %j', async (param, value, message) => {
    const failure = await client.images.generate({ prompt: 'boat', [param]: value } as never).catch((error) => error)
    expect(failure).toBeInstanceOf(OpenAI.BadRequestError)
    expect([failure.param, failure.message]).toEqual([param, expect.stringMatching(message)])
  })

  it('lists the models, and finds one', async () => {
    const { data } = await client.models.list()
    expect(data.map(({ id }) => id)).toEqual(['sprites-var-dd', 'sprites-llamagen-dd'])
    expect(await client.models.retrieve('sprites-llamagen-dd')).toEqual(data[1])
    expect(await client.models.retrieve('gpt-9').catch((error) => error)).toBeInstanceOf(OpenAI.NotFoundError)
  })

  it('raises its exceptions', async () => {
    const failing = (body: object) => client.images.generate({ prompt: 'boat', ...body }).catch((error) => error)
    expect(await failing({ model: 'dall-e-3' })).toBeInstanceOf(OpenAI.NotFoundError)
    expect(await failing({ prompt: 'boot' })).toBeInstanceOf(OpenAI.BadRequestError)
    expect(await failing({ prompt: 'bote' })).toMatchObject({
      status: 400,
      param: 'prompt',
      type: 'invalid_request_error',
      message: expect.stringContaining('Did you mean "boat"'),
    })
  })
})

describe('images are those of the command line', () => {
  it.each([
    [{ model: 'sprites-var-dd', prompt: 'cat', n: 3, seed: 11 }, ['--class', 'cat', '--count', '3']],
    [
      { model: 'sprites-var-dd', prompt: 'cat', n: 2, seed: 11, steps: 4 },
      ['--class', 'cat', '--count', '2', '--steps', '4'],
    ],
    [
      { model: 'sprites-llamagen-dd', prompt: '', class_labels: ['star', 0], seed: 11, steps: 2 },
      ['--class', 'star,0', '--steps', '2'],
    ],
    [
      { model: 'sprites-var-dd', prompt: 'key', n: 2, seed: 11, teacher_only: true, cfg: 3, output_format: 'webp' },
      ['--class', 'key', '--count', '2', '--teacher-only', '--cfg', '3', '--format', 'webp'],
    ],
  ])('%j', async (request, argv) => {
    const { status, body } = await generate(request)
    expect(status, JSON.stringify(body)).toBe(200)
    const out = join(folder, String(argv.join('-')))
    const flags = [
      '--model',
      request.model,
      '--seed',
      '11',
      '--out',
      out,
      '--device',
      'cpu',
      '--threads',
      '1',
      '--quiet',
    ]
    expect(await distilled('sample', ...argv, ...flags)).toMatchObject({ code: 0, stderr: '' })
    for (const [i, image] of body.data.entries()) {
      const file = join(out, `00000${i}.${body.output_format}`)
      expect(bytesOf(image).equals(readFileSync(file))).toBe(true)
    }
  })

  it('also one alone: --like makes it again', async () => {
    const { body } = await generate({ prompt: 'fish' })
    const path = join(folder, 'one.png')
    await writeFile(path, bytesOf(body.data[0]))
    const out = join(folder, 'like')
    await distilled('sample', '--like', path, '--out', out, '--device', 'cpu', '--threads', '1', '--quiet')
    expect(readFileSync(join(out, '000000.png')).equals(bytesOf(body.data[0]))).toBe(true)
    expect(body.data[0]).toMatchObject({ class: 0, class_name: 'fish', index: 0, seed: expect.any(Number) })
  })
})

describe('events', () => {
  it('come as the images are made', async () => {
    const seen = []
    for await (const event of events(server.url, { prompt: 'tree', n: 2, steps: 2, seed: 3 })) seen.push(event)
    expect(seen.map(({ event }) => event)).toEqual(['queued', 'step', 'step', 'image', 'image', 'done'])
    expect(seen[0]!.data).toMatchObject({ ahead: 0, model: 'sprites-var-dd', seed: 3, images: 2, steps: 2 })
    expect(seen[2]!.data).toEqual({ step: 2, steps: 2 })
    const { body } = await generate({ prompt: 'tree', n: 2, steps: 2, seed: 3 })
    expect(seen.slice(3, 5).map(({ data }) => data.b64_json)).toEqual(
      body.data.map(({ b64_json }: { b64_json: string }) => b64_json),
    )
  })

  const mixed = { seed: 3, toward: { seed: 4, amount: 0.5 }, groups: [{ group: 2, seed: 9 }] }

  it('mixed noise is in the image, which --like makes again', async () => {
    const { status, body } = await generate({ prompt: 'boat', n: 2, noise: [mixed, { seed: 3, index: 1 }] })
    expect(status).toBe(200)
    const path = join(folder, 'mixed.png')
    await writeFile(path, bytesOf(body.data[0]))
    expect(await readSettings(path)).toMatchObject({ seed: 3, index: 0, noise: mixed })
    const out = join(folder, 'mixed')
    await distilled('sample', '--like', path, '--out', out, '--device', 'cpu', '--threads', '1', '--quiet')
    expect(readFileSync(join(out, '000000.png')).equals(bytesOf(body.data[0]))).toBe(true)
    const plain = await generate({ prompt: 'boat', n: 2, seed: 3 })
    expect(body.data[1]).toEqual(plain.body.data[1])
    expect(body.data[0].b64_json).not.toBe(plain.body.data[0].b64_json)
  })

  it.each([
    [{ noise: [mixed], seed: 1 }, 'seed', /contradict/],
    [{ noise: [mixed, mixed], n: 3 }, 'noise', /2 entries for 3 images/],
    [{ noise: [{ seed: 1, groups: [{ group: 6, seed: 2 }] }] }, 'noise', /token groups 0 to 5, got 6/],
    [{ noise: [{ seed: 1, toward: { seed: 2, amount: 2 } }] }, 'noise.0.toward.amount', /from 0 to 1/],
    [{ noise: [{ seed: 1, toword: { seed: 2 } }] }, 'noise.0.toword', /./],
  ])('noise that cannot be is refused: %j', async (wrong, param, message) => {
    const { status, body } = await generate({ prompt: 'boat', ...wrong })
    expect([status, body.error.param]).toEqual([400, param])
    expect(body.error.message).toMatch(message)
  })

  it.each([
    [{ flow: true, steps: 1 }, null, /takes no `steps`/],
    [{ steps: 2, timesteps: [0, 3] }, 'timesteps', /steps and timesteps contradict/],
    [{ steps: 1, timesteps: [0, 3], teacher_from: 2 }, 'timesteps', /steps and timesteps contradict/],
    [{ flow: true, teacher_only: true }, 'teacher_only', /flow and teacher_only contradict/],
    [{ cfg: 3 }, 'cfg', /^No teacher takes part, so cfg/],
    [{ top_k: 5, temperature: 0.5, steps: 2 }, 'top_k', /so top_k, temperature would do nothing: leave/],
  ])('options that contradict each other are refused, as on the command line: %j', async (wrong, param, message) => {
    for (const path of ['/v1/images/generations', '/api/sample']) {
      const { status, body } = await post(server.url, path, { prompt: 'boat', ...wrong })
      expect([status, body.error.param]).toEqual([400, param])
      expect(body.error.message).toMatch(message)
    }
  })

  it.each([
    ['sprites-var-dd', 6],
    ['sprites-llamagen-dd', 64],
  ])('show noise of %s on its way along the flow map, to the image it leads to', async (model, last) => {
    const request = { model, prompt: 'star', noise: [{ seed: 7 }] }
    const seen: ServerEvent[] = []
    for await (const event of events(server.url, request, undefined, '/api/trajectory')) seen.push(event)
    const states = seen.filter(({ event }) => event === 'state').map(({ data }) => data)
    expect(states.map(({ timestep, steps }) => [timestep, steps])).toEqual(
      Array.from({ length: last + 1 }, (_, timestep) => [timestep, last]),
    )
    const { seconds, compute_seconds: computing } = seen.at(-1)!.data
    expect(seen.at(-1)).toMatchObject({ event: 'done', data: { images: last + 1 } })
    expect(computing > 0 && computing <= seconds).toBe(true)
    expect(states.map(({ place }) => place)).toEqual(states.map(({ timestep }) => timestep))
    const { body } = await generate({ ...request, flow: true })
    expect(states.at(-1).b64_json).toBe(body.data[0].b64_json)
    expect(new Set(states.map(({ b64_json }) => b64_json)).size).toBeGreaterThan(last / 2)
  })

  it('an impossible request is refused before the first one', async () => {
    const { status, body } = await post(server.url, '/api/sample', { prompt: 'tree', steps: 99 })
    expect([status, body.error.type]).toEqual([400, 'invalid_request_error'])
  })

  it('whoever closes the connection stops the work', async () => {
    const leave = new AbortController()
    const { batcher } = server.services
    const seen: string[] = []
    const request = { model: 'sprites-llamagen-dd', prompt: 'car', n: 8, teacher_only: true }
    const reading = (async () => {
      for await (const { event } of events(server.url, request, leave.signal)) {
        seen.push(event)
        if (event === 'step') leave.abort()
      }
    })()
    await expect(reading).rejects.toThrow()
    await expect.poll(() => batcher.unanswered, { timeout: 60_000 }).toBe(0)
    await batcher.drained()
    expect(seen.length).toBeLessThan(60)
  })
})

describe('facts', () => {
  const get = async (path: string) => (await fetch(new URL(path, server.url))).json()

  it('models with their presets, and classes', async () => {
    expect(await get('/api/models')).toMatchObject([
      {
        id: 'sprites-var-dd',
        family: 'var',
        image_size: 32,
        classes: 12,
        ready: true,
        teacher: true,
        default_steps: 1,
      },
      { id: 'sprites-llamagen-dd', presets: [{ steps: 1 }, { steps: 2 }, { teacher_from: 16 }, { teacher_from: 0 }] },
    ])
    const classes = await get('/api/classes?model=sprites-var-dd')
    expect(classes).toHaveLength(12)
    expect(classes[3]).toEqual({ id: 3, name: 'boat', synonyms: [], sensitive: false, policy: 'allow' })
  })

  it('alive, ready, and the counters', async () => {
    for (const path of ['/healthz', '/readyz']) expect((await ask(server.url, path)).status).toBe(200)
    const text = (await ask(server.url, '/metrics')).body.toString()
    expect(text).toMatch(
      /^distilled_requests_total\{route="\/v1\/images\/generations",method="POST",status="200"\} \d+$/m,
    )
    expect(text).toMatch(/^distilled_request_seconds_bucket\{route="\/api\/sample",le="\+Inf"\} \d+$/m)
    for (const name of ['queue_requests', 'images_total{model="sprites-var-dd"}', 'resident_memory_bytes', 'ready'])
      expect(text).toContain(`\ndistilled_${name} `)
  })

  it('a page that lists every address, with nothing active in it', async () => {
    const { headers, body } = await ask(server.url, '/')
    for (const { path } of routes) expect(body.toString()).toContain(path)
    expect(headers['content-security-policy']).toContain("default-src 'none'")
  })
})

describe('the OpenAPI document', () => {
  // biome-ignore lint/suspicious/noExplicitAny: a document
  let document: any
  beforeAll(async () => {
    document = JSON.parse((await ask(server.url, '/openapi.json')).body.toString())
  })

  it('describes every route that answers, and no other', async () => {
    const described = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(described.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort())
    for (const { method, path } of routes) {
      const { status, body } = await ask(server.url, path.replace('{name}', '0'.repeat(32)), { method })
      const known = [...Object.keys(document.paths[path][method.toLowerCase()].responses), '415'].map(Number)
      expect(known, `${method} ${path}: ${body}`).toContain(status)
      const other = await ask(server.url, path.replace('{name}', '0'), { method: 'DELETE' })
      expect([other.status, other.headers.allow]).toEqual([405, method])
    }
  })

  it('says of requests what their checks demand', () => {
    const { schema } = document.paths['/v1/images/generations'].post.requestBody.content['application/json']
    expect(schema).toEqual(JSON.parse(JSON.stringify(jsonSchema(imagesRequest))))
    const own = document.paths['/api/sample'].post.requestBody.content['application/json'].schema
    expect(own.properties.n).toEqual({
      type: 'integer',
      minimum: 1,
      maximum: 10,
      description: 'Images; 1 by default.',
    })
    expect(schema.properties.n).toEqual({ anyOf: [own.properties.n, { type: 'null' }] })
    expect(own.properties.output_format.enum).toEqual(['png', 'jpeg', 'webp'])
    const openAi = ['response_format', 'user', 'quality', 'style', 'moderation', 'output_compression', 'background']
    expect(Object.keys(schema.properties).sort()).toEqual(
      [...Object.keys(sampleRequest.entries), ...openAi, 'stream', 'partial_images'].sort(),
    )
    expect([schema.additionalProperties, own.additionalProperties]).toEqual([false, false])
  })

  it('describes the answers as they are', async () => {
    const { schema } = document.paths['/v1/images/generations'].post.responses[200].content['application/json']
    const { body } = await generate({ prompt: 'house' })
    expect(Object.keys(schema.properties).sort()).toEqual(Object.keys(body).sort())
    for (const name of Object.keys(body.data[0])) expect(schema.properties.data.items.properties).toHaveProperty(name)
  })
})
