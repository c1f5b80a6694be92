// The objects that all routes share: the models, the batcher, the store of images, the metrics, and the state of the shutdown.

import type { Connections } from '../http/connections.ts'
import { canonicalHost } from '../http/hosts.ts'
import type { Caller } from '../http/proxies.ts'
import type { SampleResult } from '../library/node/model.ts'
import type { SampleProgress } from '../sampling/sampler.ts'
import { Batcher } from './batcher.ts'
import { Metrics } from './metrics.ts'
import type { ModelPool } from './model-pool.ts'
import type { ImageJob } from './parse-request.ts'
import { batchSize, defaultTimeout, queueCapacity } from './settings.ts'
import { ImageStore } from './store.ts'

/** What every app needs, whatever its routes do. */
export interface AppServices {
  readonly metrics?: Metrics
  readonly stop: Stop
  /** Called with every unexpected failure of the server. */
  readonly onFailure: (error: unknown) => void
}

export interface Services extends AppServices {
  readonly pool: ModelPool
  readonly batcher: Batcher<ImageJob, SampleResult>
  readonly store: ImageStore
  readonly metrics: Metrics
  /** Seconds of a request. */
  readonly timeout: number
  /** Where a caller finds this server, with a slash at the end. */
  readonly publicAddress: (caller: Caller) => string
  /** Set once the server exists. */
  readonly connections: () => Pick<Connections, 'size' | 'closed'>
}

/** The state of the shutdown: first new requests are refused, then the signal stops those that remain. */
export interface Stop {
  refusing: boolean
  readonly signal: AbortSignal
}

export interface ServiceOptions {
  timeout?: number | undefined
  queue?: number | undefined
  batch?: number | undefined
  /** The address at which a proxy makes the server public; by default, what the caller asked for. */
  publicUrl?: string | undefined
  onFailure?: ((error: unknown) => void) | undefined
}

export function openServices(
  pool: ModelPool,
  stop: Stop,
  connections: Services['connections'],
  options: ServiceOptions = {},
): Services {
  const { timeout = defaultTimeout, queue = queueCapacity, batch = batchSize, onFailure = () => {} } = options
  const metrics = new Metrics()
  const batcher = new Batcher<ImageJob, SampleResult>({
    capacity: queue,
    batch,
    onBatch: (images) => metrics.batch(images),
    run({ kind, model: { name }, plan }, rows, { signal, onStep }) {
      const onProgress = (event: SampleProgress) => event.type === 'step' && onStep(event.step, event.steps)
      const options = { plan, signal, onProgress }
      if (kind === 'sample') return pool.run(name, (model) => model.together(rows, options))
      const { class: label, noise, seed, index } = rows[0]!
      return pool.run(name, (model) => model.trajectory({ ...options, class: label, noise: noise ?? { seed, index } }))
    },
  })
  const publicAddress = ({ host, scheme = 'http' }: Caller) =>
    options.publicUrl ?? `${scheme}://${canonicalHost(host)}/`
  return { pool, batcher, store: new ImageStore(), metrics, timeout, stop, publicAddress, connections, onFailure }
}
