// Server-sent events from the body of a POST, which EventSource cannot read (HTML standard, section 9.2.6): lines of
// `event:` and `data:`, an empty line ends an event.

export interface ServerEvent {
  event: string
  data: string
}

/** The events of a stream as they arrive; half an event at the end is dropped, as the standard has it. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const blocks = (rest + decoder.decode(value, { stream: true })).replaceAll('\r\n', '\n').split('\n\n')
      rest = blocks.pop()!
      for (const block of blocks) yield parseEvent(block)
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

function parseEvent(block: string): ServerEvent {
  const fields = { event: 'message', data: [] as string[] }
  for (const line of block.split('\n')) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? []
    if (name === 'event') fields.event = value!
    if (name === 'data') fields.data.push(value!)
  }
  return { event: fields.event, data: fields.data.join('\n') }
}
