// Images in OpenAI's way: one request, one answer with all images, inside of it or behind addresses of this process.
import type { SampleResult } from '../library/model.ts'
import { ApiError } from './errors.ts'
import { readOrder } from './order.ts'
import { type formats, imagesRequest } from './requests.ts'
import { type Route, readBody } from './route.ts'
import { begin } from './work.ts'

const integer = { type: 'integer' }
const string = { type: 'string' }

/** Of an image, whichever way it goes out. */
export const imageSchema = {
  type: 'object',
  properties: {
    ...{ b64_json: string, url: string, index: integer, seed: integer, class: integer, class_name: string },
    ...{ sensitive: { type: 'boolean' }, flagged: { type: 'boolean' } },
  },
  required: ['index', 'seed', 'class', 'class_name'],
}

export const imageType = (format: (typeof formats)[number]): string => `image/${format}`

/** What an answer says of an image beside the image. */
export const imageFacts = ({ index, class: info, flagged, image }: SampleResult) => ({
  ...{ index, seed: image.settings?.seed, class: info.id, class_name: info.name },
  ...(info.sensitive && { sensitive: true }),
  ...(flagged && { flagged: true }),
})

export const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

export const workAnswers = {
  400: { description: 'A parameter is missing, unknown or impossible' },
  403: { description: 'The policy denies the class' },
  404: { description: 'No such model' },
  413: { description: 'The request is too long' },
  415: { description: 'The request is not JSON' },
  429: { description: 'Too many requests wait; Retry-After says when to come back' },
}

export const generations: Route = {
  ...{ method: 'POST', path: '/v1/images/generations', summary: 'Make images of a class' },
  body: imagesRequest,
  answers: {
    200: {
      description: 'The images, in the order of their indices',
      schema: {
        type: 'object',
        properties: {
          ...{ created: integer, model: string, size: string, output_format: string },
          data: { type: 'array', items: imageSchema },
        },
        required: ['created', 'data'],
      },
    },
    ...workAnswers,
    500: { description: 'The server failed' },
    503: { description: 'The engine died and is started again, or the server is stopping' },
    504: { description: 'It took too long; the work was stopped' },
  },
  async handle(c, services) {
    const request = await readBody(c, imagesRequest)
    const order = readOrder(services.house, request)
    const results: SampleResult[] = []
    const work = begin(services, order, c.req.raw.signal, {
      onImage(result, place) {
        results[place] = result
      },
    })
    await work.finished
    const origin = new URL(c.req.url).origin
    const data = await Promise.all(
      results.map(async (result) => {
        const bytes = await result.image.encode(order.format)
        if (request.response_format !== 'url') return { b64_json: base64(bytes), ...imageFacts(result) }
        const name = services.store.put({ bytes, type: imageType(order.format) })
        return { url: `${origin}/images/${name}`, ...imageFacts(result) }
      }),
    )
    const size = `${order.model.imageSize}x${order.model.imageSize}`
    const created = Math.floor(Date.now() / 1000)
    return c.json({ created, model: order.model.name, size, output_format: order.format, data })
  },
}

export const storedImage: Route = {
  ...{ method: 'GET', path: '/images/{name}', summary: 'An image behind its address, for ten minutes', open: true },
  parameters: { name: { type: 'string', pattern: '^[0-9a-f]{32}$' } },
  answers: { 200: { description: 'The image file', type: 'image/*' }, 404: { description: 'Unknown, or too old' } },
  handle(c, { store }) {
    const found = store.get(c.req.param('name') ?? '')
    if (!found) throw new ApiError(404, 'There is no such image, or no more.', { code: 'not_found' })
    return c.body(new Uint8Array(found.bytes), 200, {
      'Content-Type': found.type,
      'Cache-Control': 'private, max-age=600',
    })
  },
}
