// The OpenAI-compatible endpoint: one answer holds all images, or addresses under which this process serves them.
import * as v from 'valibot'
import type { SampleResult } from '../library/node/model.ts'
import { ApiError } from './errors.ts'
import { parseSample } from './parse-request.ts'
import { formats, imagesRequest, withoutNulls } from './requests.ts'
import { type Route, readBody } from './route.ts'
import { submitJob } from './submit.ts'

/** The schema of an image's facts: index, seed, class. */
export const imageFactsSchema = {
  index: v.pipe(v.number(), v.integer(), v.description('Of the image in the run of its seed.')),
  seed: v.pipe(v.number(), v.integer()),
  class: v.pipe(v.number(), v.integer()),
  class_name: v.string(),
  sensitive: v.optional(v.literal(true)),
  flagged: v.optional(v.pipe(v.literal(true), v.description('The policy marks images of this class.'))),
}

const imagesAnswer = v.strictObject({
  created: v.pipe(v.number(), v.integer(), v.description('Seconds since 1970.')),
  model: v.string(),
  size: v.string(),
  output_format: v.picklist(formats),
  data: v.array(
    v.strictObject({
      b64_json: v.optional(v.pipe(v.string(), v.description('The image file, unless its address was asked for.'))),
      url: v.optional(v.pipe(v.string(), v.description('Its address for ten minutes.'))),
      ...imageFactsSchema,
    }),
  ),
})

export const imageType = (format: (typeof formats)[number]): string => `image/${format}`

/** An image's facts: index, seed, class. */
export const imageFacts = ({ index, class: info, flagged, image }: SampleResult) => ({
  index,
  seed: Number(image.settings?.seed),
  class: info.id,
  class_name: info.name,
  ...(info.sensitive && { sensitive: true as const }),
  ...(flagged && { flagged: true as const }),
})

export const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

export const workAnswers = {
  400: { description: 'A parameter is missing, unknown or impossible' },
  403: { description: 'The policy denies the class, or another site asks' },
  404: { description: 'No such model' },
  408: { description: 'The request did not arrive in time' },
  413: { description: 'The request is too long' },
  415: { description: 'The request is not JSON' },
  429: { description: 'Too many requests wait; Retry-After says when to come back' },
}

export const generations: Route = {
  method: 'POST',
  path: '/v1/images/generations',
  summary: 'Make images of a class',
  body: imagesRequest,
  answers: {
    200: {
      description: 'The images, in the order of their indices',
      schema: imagesAnswer,
    },
    ...workAnswers,
    503: { description: 'The engine died and is started again, or the server is stopping' },
    504: { description: 'It took too long; the work was stopped' },
  },
  async handle(c, services) {
    const request = withoutNulls(await readBody(c, imagesRequest))
    const { job, format } = parseSample(services.pool, request)
    const results: SampleResult[] = []
    const work = submitJob(services, job, c.req.raw.signal, {
      onImage(result, place) {
        results[place] = result
      },
    })
    await work.finished
    const data = await Promise.all(
      results.map(async (result) => {
        const bytes = await result.image.encode(format)
        if (request.response_format !== 'url') return { b64_json: base64(bytes), ...imageFacts(result) }
        const name = services.store.put({ bytes, type: imageType(format) })
        return { url: `${services.publicAddress(c.get('caller'))}images/${name}`, ...imageFacts(result) }
      }),
    )
    return c.json({
      created: Math.floor(Date.now() / 1000),
      model: job.model.name,
      size: `${job.model.imageSize}x${job.model.imageSize}`,
      output_format: format,
      data,
    } satisfies v.InferOutput<typeof imagesAnswer>)
  },
}

export const storedImage: Route = {
  method: 'GET',
  path: '/images/{name}',
  summary: 'An image behind its address, for ten minutes',
  open: true,
  parameters: { name: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)) },
  answers: {
    200: { description: 'The image file', types: formats.map(imageType) },
    404: { description: 'Unknown, or too old' },
  },
  handle(c, { store }) {
    const found = store.get(c.req.param('name') ?? '')
    if (!found) throw new ApiError(404, 'There is no such image, or no more.', { code: 'not_found' })
    return c.body(new Uint8Array(found.bytes), 200, {
      'Content-Type': found.type,
      'Cache-Control': 'private, max-age=600',
    })
  },
}
