import { expect, it } from 'vitest'
import { readEvents, type ServerEvent } from './events.ts'

async function read(...pieces: string[]): Promise<ServerEvent[]> {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece))
      controller.close()
    },
  })
  const events: ServerEvent[] = []
  for await (const event of readEvents(body)) events.push(event)
  return events
}

it('events arrive whole, however the network cuts them', async () => {
  const text = 'event: step\ndata: {"step":1}\n\nevent: done\ndata: ü\n\n'
  const whole = await read(text)
  expect(whole).toEqual([
    { event: 'step', data: '{"step":1}' },
    { event: 'done', data: 'ü' },
  ])
  expect(await read(...text)).toEqual(whole)
})

it('several lines of data are one text; carriage returns are no part of it', async () => {
  expect(await read('data: a\r\ndata: b\r\n\r\n')).toEqual([{ event: 'message', data: 'a\nb' }])
})

it('an event that never ended is none', async () => {
  expect(await read('event: image\ndata: {"b64')).toEqual([])
})
