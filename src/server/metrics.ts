// What the server counts, in Prometheus' text format (version 0.0.4): requests, the queue, latency, images, memory, the event
// loop. Labels take values from fixed sets only, so that no client can make them grow.
import { monitorEventLoopDelay } from 'node:perf_hooks'

const buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

interface Series {
  name: string
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  values: readonly (readonly [labels: Labels, value: number, suffix?: string])[]
}

type Labels = Readonly<Record<string, string | number>>

interface Latency {
  counts: number[]
  sum: number
  count: number
}

/** Values that are read when the metrics are asked for. */
export interface Gauges {
  waiting: number
  unanswered: number
  ready: boolean
  storeBytes: number
  restarts: ReadonlyMap<string, number>
  connections: number
  /** Those that were closed, by reason. */
  closedConnections: Readonly<Record<string, number>>
}

export class Metrics {
  private readonly requests = new Map<string, { labels: Labels; value: number }>()
  private readonly latency = new Map<string, Latency>()
  private readonly images = new Map<string, number>()
  private batches = 0
  private batched = 0
  private readonly loop = monitorEventLoopDelay({ resolution: 10 })

  constructor() {
    this.loop.enable()
  }

  request(route: string, method: string, status: number, seconds: number): void {
    const key = `${method} ${route} ${status}`
    const found = this.requests.get(key)
    this.requests.set(key, { labels: { route, method, status }, value: (found?.value ?? 0) + 1 })
    const latency = this.latency.get(route) ?? { counts: buckets.map(() => 0), sum: 0, count: 0 }
    this.latency.set(route, latency)
    for (const [i, bound] of buckets.entries()) if (seconds <= bound) latency.counts[i]!++
    latency.sum += seconds
    latency.count++
  }

  image(model: string): void {
    this.images.set(model, (this.images.get(model) ?? 0) + 1)
  }

  batch(images: number): void {
    this.batches++
    this.batched += images
  }

  stop(): void {
    this.loop.disable()
  }

  text({ waiting, unanswered, ready, storeBytes, restarts, connections, closedConnections }: Gauges): string {
    const { rss, heapUsed, external } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    const one = (name: string, type: Series['type'], help: string, value: number): Series => ({
      name,
      type,
      help,
      values: [[{}, value]],
    })
    const byModel = (counts: ReadonlyMap<string, number>) => [...counts].map(([model, n]) => [{ model }, n] as const)
    const seconds = (nanoseconds: number) => (Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0)
    const all: Series[] = [
      {
        name: 'requests_total',
        type: 'counter',
        help: 'Requests that were answered.',
        values: [...this.requests.values()].map(({ labels, value }) => [labels, value]),
      },
      {
        name: 'request_seconds',
        type: 'histogram',
        help: 'From the head of a request to the end of its answer.',
        values: [...this.latency].flatMap(([route, latency]) => histogram({ route }, latency)),
      },
      one('queue_requests', 'gauge', 'Requests that wait for their turn.', waiting),
      one('unanswered_requests', 'gauge', 'Requests that wait or are worked on.', unanswered),
      { name: 'images_total', type: 'counter', help: 'Images that were made.', values: byModel(this.images) },
      one('batches_total', 'counter', 'Batches that were computed.', this.batches),
      one('batched_images_total', 'counter', 'Images of all batches.', this.batched),
      { name: 'engine_restarts_total', type: 'counter', help: 'Engines that died.', values: byModel(restarts) },
      one('connections', 'gauge', 'Open connections.', connections),
      {
        name: 'connections_closed_total',
        type: 'counter',
        help: 'Connections that were closed: to make room (full), or because the client did not read (slow).',
        values: Object.entries(closedConnections).map(([reason, n]) => [{ reason }, n]),
      },
      one('ready', 'gauge', 'Whether every model has made an image.', ready ? 1 : 0),
      one('store_bytes', 'gauge', 'Images held for their addresses.', storeBytes),
      one('cpu_seconds_total', 'counter', 'Processor time, that of the engines included.', (user + system) / 1e6),
      one('resident_memory_bytes', 'gauge', 'Memory of the process.', rss),
      one('heap_bytes', 'gauge', 'JavaScript objects.', heapUsed),
      one('external_memory_bytes', 'gauge', 'Buffers.', external),
      {
        name: 'event_loop_delay_seconds',
        type: 'gauge',
        help: 'How late the event loop was since this was last asked.',
        values: [
          [{ quantile: '0.5' }, seconds(this.loop.percentile(50))],
          [{ quantile: '0.99' }, seconds(this.loop.percentile(99))],
          [{ quantile: '1' }, seconds(this.loop.max)],
        ],
      },
    ]
    this.loop.reset()
    return all.map(lines).join('')
  }
}

function histogram(labels: Labels, { counts, sum, count }: Latency): Series['values'] {
  return [
    ...buckets.map((bound, i) => [{ ...labels, le: bound }, counts[i]!, '_bucket'] as const),
    [{ ...labels, le: '+Inf' }, count, '_bucket'],
    [labels, sum, '_sum'],
    [labels, count, '_count'],
  ]
}

function lines({ name, type, help, values }: Series): string {
  const full = `distilled_${name}`
  const rows = values.map(([labels, value, suffix = '']) => `${full}${suffix}${shown(labels)} ${value}\n`)
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${rows.join('')}`
}

function shown(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`)
  return pairs.length ? `{${pairs.join(',')}}` : ''
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
