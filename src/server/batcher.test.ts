// The batcher without any model: rows are numbers, and a run is over when the test says so.
import { describe, expect, it } from 'vitest'
import { Batcher, type Job, type Request, type RunWatch } from './batcher.ts'

interface Numbers extends Job {
  key: string
  rows: readonly number[]
}

interface Batch {
  key: string
  rows: readonly number[]
  watch: RunWatch
  end(): void
  fail(error: Error): void
}

function made({ capacity = 4, batch = 3 } = {}) {
  const batches: Batch[] = []
  const batcher = new Batcher<Numbers, string>({
    capacity,
    batch,
    async *run({ key, results }, rows, watch) {
      await new Promise<void>((end, fail) => {
        watch.signal.addEventListener('abort', () => fail(watch.signal.reason))
        batches.push({ key, rows, watch, end, fail })
      })
      for (const row of rows) yield `${key}${row}`
      for (let i = 1; i < (results ?? 1); i++) yield `${key}${rows[0]} ${i}`
    },
  })
  const seen: Record<string, string[]> = {}
  const submit = (name: string, key: string, rows: number[], more: Partial<Request<Numbers, string>> = {}) => {
    seen[name] = []
    const onImage = (place: number, result: string) => {
      seen[name]![place] = result
    }
    return batcher.submit({ job: { key, rows }, signal: new AbortController().signal, onImage, ...more })
  }
  const begun = async (count: number) => {
    await expect.poll(() => batches.length).toBe(count)
    return batches[count - 1]!
  }
  return { batcher, batches, seen, submit, begun }
}

describe('the batcher', () => {
  it('computes what came together in one batch, and gives each its own', async () => {
    const { seen, submit, begun } = made()
    const finished = [submit('one', 'a', [1]), submit('two', 'a', [2]), submit('three', 'a', [3])]
    const batch = await begun(1)
    expect(batch.rows).toEqual([1, 2, 3])
    batch.end()
    await Promise.all(finished.map((ticket) => ticket.finished))
    expect(seen).toEqual({ one: ['a1'], two: ['a2'], three: ['a3'] })
  })

  it('never mixes keys, and the oldest request chooses', async () => {
    const { submit, begun, batches } = made()
    const finished = [submit('one', 'a', [1]), submit('two', 'b', [2]), submit('three', 'a', [3])]
    ;(await begun(1)).end()
    ;(await begun(2)).end()
    await Promise.all(finished.map((ticket) => ticket.finished))
    expect(batches.map(({ key, rows }) => [key, rows])).toEqual([
      ['a', [1, 3]],
      ['b', [2]],
    ])
  })

  it('cuts a long request, and fills its last batch with others', async () => {
    const { seen, submit, begun, batches } = made()
    const finished = [submit('long', 'a', [1, 2, 3, 4]), submit('short', 'a', [5])]
    ;(await begun(1)).end()
    ;(await begun(2)).end()
    await Promise.all(finished.map((ticket) => ticket.finished))
    expect(batches.map(({ rows }) => rows)).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
    expect(seen).toEqual({ long: ['a1', 'a2', 'a3', 'a4'], short: ['a5'] })
  })

  it('refuses one too many, and takes it when there is room', async () => {
    const { submit, begun } = made({ capacity: 2, batch: 1 })
    submit('working', 'a', [0])
    const batch = await begun(1)
    expect([submit('one', 'a', [1]).ahead, submit('two', 'a', [2]).ahead]).toEqual([0, 1])
    expect(() => submit('three', 'a', [3])).toThrow('2 requests are waiting')
    batch.end()
    await begun(2)
    expect(submit('three', 'a', [3]).ahead).toBe(1)
  })

  it('stops a batch when nobody wants it any more, not before', async () => {
    const { batcher, seen, submit, begun } = made()
    const one = new AbortController()
    const two = new AbortController()
    const first = submit('one', 'a', [1], { signal: one.signal }).finished
    const second = submit('two', 'a', [2], { signal: two.signal }).finished
    const { watch } = await begun(1)
    one.abort(new Error('gone'))
    await expect(first).rejects.toThrow('gone')
    expect(watch.signal.aborted).toBe(false)
    two.abort(new Error('gone, too'))
    await expect(second).rejects.toThrow('gone, too')
    expect(watch.signal.aborted).toBe(true)
    await batcher.drained()
    expect([batcher.unanswered, seen]).toEqual([0, { one: [], two: [] }])
  })

  it('a request that leaves the queue is never begun', async () => {
    const { submit, begun, batcher, batches } = made({ batch: 1 })
    submit('working', 'a', [0])
    const batch = await begun(1)
    const leave = new AbortController()
    const left = submit('left', 'a', [1], { signal: leave.signal }).finished
    leave.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    batch.end()
    await batcher.drained()
    expect(batches).toHaveLength(1)
  })

  it('a failure is that of its batch; the next one is computed', async () => {
    const { submit, begun, seen } = made({ batch: 1 })
    const failing = submit('one', 'a', [1, 2]).finished
    const next = submit('two', 'a', [3]).finished
    ;(await begun(1)).fail(new Error('broken'))
    await expect(failing).rejects.toThrow('broken')
    ;(await begun(2)).end()
    await next
    expect(seen.two).toEqual(['a3'])
  })

  it('does not wait for who takes no image, nor does the end', async () => {
    const { batcher, seen, submit, begun } = made()
    const leave = new AbortController()
    const slow = submit('slow', 'a', [1], { onImage: () => new Promise(() => {}), signal: leave.signal }).finished
    ;(await begun(1)).end()
    const next = submit('next', 'b', [2]).finished
    ;(await begun(2)).end()
    await next
    expect(seen.next).toEqual(['b2'])
    leave.abort(new Error('too late'))
    await expect(slow).rejects.toThrow('too late')
    await batcher.drained()
  })

  it('who cannot take an image fails alone', async () => {
    const { submit, begun, seen } = made()
    const onImage = () => Promise.reject(new Error('no reader'))
    const failing = submit('one', 'a', [1], { onImage }).finished
    const other = submit('two', 'a', [2]).finished
    ;(await begun(1)).end()
    await expect(failing).rejects.toThrow('no reader')
    await other
    expect(seen.two).toEqual(['a2'])
  })

  it('a job of several results has its batch to itself, and is done with the last of them', async () => {
    const { batcher, seen, submit, begun, batches } = made()
    const job = { key: 'path' as string, rows: [7], results: 3 }
    const path = submit('path', 'path', [7], { job })
    const other = submit('one', 'a', [1])
    const batch = await begun(1)
    expect(batch.rows).toEqual([7])
    batch.end()
    await path.finished
    expect(seen).toEqual({ path: ['path7', 'path7 1', 'path7 2'], one: [] })
    ;(await begun(2)).end()
    await other.finished
    expect([batches.length, batcher.unanswered]).toEqual([2, 0])
  })
})
