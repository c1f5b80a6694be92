// The models that a server holds, each with an engine of its own. An engine whose worker died is replaced, and the model makes an
// image before it counts as ready again. The request that was running fails; those that wait are served by the new engine.
import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { EngineError } from '../core/errors.ts'
import { quote } from '../core/show.ts'
import type { LoadOptions } from '../library/node/load.ts'
import { load } from '../library/node/load.ts'
import type { Model, RunImage, SampleResult } from '../library/node/model.ts'
import { ApiError, engineDied } from './errors.ts'

/** What all models are loaded with. */
export type ModelPoolOptions = Pick<LoadOptions, 'device' | 'dtype' | 'threads' | 'policy' | 'signal'>

interface PooledModel {
  /** The name or folder that it was loaded from. */
  readonly spec: string
  /** What it is called when it is a folder. */
  readonly name: string | undefined
  model: Model
  ready: boolean
  restarts: number
  opening: Promise<void> | undefined
}

export class ModelPool {
  private readonly models = new Map<string, PooledModel>()
  private readonly options: ModelPoolOptions
  private closed = false

  private constructor(options: ModelPoolOptions) {
    this.options = options
  }

  /**
   * Loads models; none has run yet.
   * @throws whatever `load` throws
   */
  static async open(specs: readonly string[], options: ModelPoolOptions = {}): Promise<ModelPool> {
    const pool = new ModelPool(options)
    try {
      for (const spec of new Set(specs)) {
        const name = nameOf(spec, [...specs, ...pool.names])
        const model = await load(spec, { ...options, name })
        const before = pool.models.get(model.name)
        pool.models.set(model.name, { spec, name, model, ready: false, restarts: 0, opening: undefined })
        await before?.model.dispose()
      }
      return pool
    } catch (error) {
      await pool.close()
      throw error
    }
  }

  get names(): string[] {
    return [...this.models.keys()]
  }

  /** Whether every model has made an image, and its engine lives. */
  get ready(): boolean {
    return [...this.models.values()].every(({ ready, model }) => ready && model.engine.alive)
  }

  /** How often engines were replaced, by model. */
  get restarts(): ReadonlyMap<string, number> {
    return new Map([...this.models].map(([name, { restarts }]) => [name, restarts]))
  }

  /**
   * A model by name; the first one by default.
   * @throws ApiError 404
   */
  model(name?: string): Model {
    return this.pooled(name).model
  }

  isReady(name: string): boolean {
    const { ready, model } = this.pooled(name)
    return ready && model.engine.alive
  }

  /**
   * Runs `make` on a live engine and yields its results.
   * @throws ApiError 503 when the engine dies meanwhile
   */
  async *run(name: string, make: (model: Model) => AsyncIterable<SampleResult>): AsyncGenerator<SampleResult> {
    const pooled = this.pooled(name)
    await this.revive(pooled)
    try {
      for await (const result of make(pooled.model)) {
        pooled.ready = true
        yield result
      }
    } catch (error) {
      if (!(error instanceof EngineError) || pooled.model.engine.alive) throw error
      this.revive(pooled).catch(() => {}) // the next request waits for it, and fails if it fails
      throw engineDied(error)
    }
  }

  /** Replaces engines that died between requests. */
  reviveAll(): void {
    for (const pooled of this.models.values()) this.revive(pooled).catch(() => {})
  }

  async close(): Promise<void> {
    this.closed = true
    for (const pooled of this.models.values()) {
      await pooled.opening?.catch(() => {})
      await pooled.model.dispose()
    }
  }

  private pooled(name?: string): PooledModel {
    const found = this.models.get(name ?? this.names[0]!)
    if (found) return found
    const known = this.names.join(', ')
    throw new ApiError(404, `There is no model ${quote(name ?? '')} here; this server has ${known}.`, {
      code: 'model_not_found',
      param: 'model',
    })
  }

  private revive(pooled: PooledModel): Promise<void> {
    if (!pooled.opening && (pooled.model.engine.alive || this.closed)) return Promise.resolve()
    pooled.opening ??= this.reopen(pooled).finally(() => {
      pooled.opening = undefined
    })
    return pooled.opening
  }

  private async reopen(pooled: PooledModel): Promise<void> {
    pooled.ready = false
    const fresh = await load(pooled.spec, { ...this.options, name: pooled.name })
    const dead = pooled.model
    pooled.model = fresh
    pooled.restarts++
    await dead.dispose()
    for await (const _ of fresh.together(firstImage(fresh))) pooled.ready = true
  }
}

/** A folder is called by its last name, so that no path of this machine is published; a second of that name has a number. */
function nameOf(spec: string, taken: readonly string[]): string | undefined {
  if (!existsSync(spec)) return undefined
  const name = basename(resolve(spec)) || 'model'
  const names = [name, ...taken.map((_, i) => `${name}-${i + 2}`)]
  return names.find((candidate) => candidate === spec || !taken.includes(candidate))
}

/** The image that a model makes to show that it works: the first class that the policy allows. */
export function firstImage(model: Model): RunImage[] {
  const allowed = model.classes.labels.findIndex((_, id) => model.policy?.verdict(id) !== 'deny')
  return allowed < 0 ? [] : [{ class: allowed, seed: 0, index: 0 }]
}
