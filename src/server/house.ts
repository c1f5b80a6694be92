// The models that a server holds, each with an engine of its own. An engine whose worker died is replaced, and the model makes an
// image before it counts as ready again; whoever waited for the dead one is told, whoever waits behind is served by the new one.
import { EngineError } from '../core/errors.ts'
import { quote } from '../core/show.ts'
import type { LoadOptions } from '../library/load.ts'
import { load } from '../library/load.ts'
import type { Model, RunImage, SampleResult } from '../library/model.ts'
import { ApiError, engineDied } from './errors.ts'

/** What all models are loaded with. */
export type HouseOptions = Pick<LoadOptions, 'device' | 'dtype' | 'threads' | 'policy' | 'signal'>

interface Tenant {
  /** As it was asked for: a name or a folder. */
  readonly spec: string
  model: Model
  ready: boolean
  restarts: number
  opening: Promise<void> | undefined
}

export class House {
  private readonly tenants = new Map<string, Tenant>()
  private readonly options: HouseOptions
  private closed = false

  private constructor(options: HouseOptions) {
    this.options = options
  }

  /**
   * Loads models; none has run yet.
   * @throws whatever `load` throws
   */
  static async open(specs: readonly string[], options: HouseOptions = {}): Promise<House> {
    const house = new House(options)
    try {
      for (const spec of new Set(specs)) {
        const model = await load(spec, options)
        const before = house.tenants.get(model.name)
        house.tenants.set(model.name, { spec, model, ready: false, restarts: 0, opening: undefined })
        await before?.model.dispose()
      }
      return house
    } catch (error) {
      await house.close()
      throw error
    }
  }

  get names(): string[] {
    return [...this.tenants.keys()]
  }

  /** Whether every model has made an image, and its engine lives. */
  get ready(): boolean {
    return [...this.tenants.values()].every(({ ready, model }) => ready && model.engine.alive)
  }

  /** How often engines were replaced, by model. */
  get restarts(): ReadonlyMap<string, number> {
    return new Map([...this.tenants].map(([name, { restarts }]) => [name, restarts]))
  }

  /**
   * A model by name; the first one by default.
   * @throws ApiError 404
   */
  model(name?: string): Model {
    return this.tenant(name).model
  }

  isReady(name: string): boolean {
    const { ready, model } = this.tenant(name)
    return ready && model.engine.alive
  }

  /**
   * What a model makes, on an engine that lives.
   * @throws ApiError 503 when the engine dies meanwhile
   */
  async *run(name: string, make: (model: Model) => AsyncIterable<SampleResult>): AsyncGenerator<SampleResult> {
    const tenant = this.tenant(name)
    await this.revive(tenant)
    try {
      for await (const result of make(tenant.model)) {
        tenant.ready = true
        yield result
      }
    } catch (error) {
      if (!(error instanceof EngineError) || tenant.model.engine.alive) throw error
      this.revive(tenant).catch(() => {}) // whoever comes next waits for it, and hears of its failure
      throw engineDied(error)
    }
  }

  /** Replaces engines that died while nobody asked. */
  reviveAll(): void {
    for (const tenant of this.tenants.values()) this.revive(tenant).catch(() => {})
  }

  async close(): Promise<void> {
    this.closed = true
    for (const tenant of this.tenants.values()) {
      await tenant.opening?.catch(() => {})
      await tenant.model.dispose()
    }
  }

  private tenant(name?: string): Tenant {
    const found = this.tenants.get(name ?? this.names[0]!)
    if (found) return found
    const known = this.names.join(', ')
    throw new ApiError(404, `There is no model ${quote(name ?? '')} here; this server has ${known}.`, {
      code: 'model_not_found',
      param: 'model',
    })
  }

  private revive(tenant: Tenant): Promise<void> {
    if (!tenant.opening && (tenant.model.engine.alive || this.closed)) return Promise.resolve()
    tenant.opening ??= this.reopen(tenant).finally(() => {
      tenant.opening = undefined
    })
    return tenant.opening
  }

  private async reopen(tenant: Tenant): Promise<void> {
    tenant.ready = false
    const fresh = await load(tenant.spec, this.options)
    const dead = tenant.model
    tenant.model = fresh
    tenant.restarts++
    await dead.dispose()
    for await (const _ of fresh.together(firstImage(fresh))) tenant.ready = true
  }
}

/** The first image that the policy allows, in which a model proves itself. */
export function firstImage(model: Model): RunImage[] {
  const allowed = model.classes.labels.findIndex((_, id) => model.policy?.verdict(id) !== 'deny')
  return allowed < 0 ? [] : [{ class: allowed, seed: 0, index: 0 }]
}
