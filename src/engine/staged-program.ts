// A program in stages: each a program of its own whose `stage.*` outputs stay with the engine for the later ones.

import { EngineError } from '../core/errors.ts'
import { type Graph, inputNames } from '../graph/serialize.ts'
import { cutStages } from '../graph/stages.ts'
import type { LoadOptions, Program, RunOptions, Value } from './types.ts'

/** Opens a graph with `open`, in stages where it is marked for that. */
export async function openStaged(
  graph: Graph,
  { once = false }: LoadOptions,
  open: (stage: Graph) => Promise<Program>,
): Promise<Program> {
  const stages = cutStages(graph)
  if (stages.length === 1) return open(graph)
  const program = new StagedProgram({
    open: (i) => open(stages[i]!),
    stages: stages.length,
    inputs: inputNames(graph),
    outputs: Object.keys(graph),
    once,
  })
  if (once) return program
  return program.openAll().catch(async (error) => {
    await program.dispose().catch(() => {})
    throw error
  })
}

export interface StagedOptions {
  /** Opens stage `index`. */
  open(index: number): Promise<Program>
  stages: number
  inputs: readonly string[]
  outputs: readonly string[]
  /** Close each stage as soon as it has run. */
  once: boolean
}

/** Runs stages one after another; aborting takes effect between them. */
export class StagedProgram implements Program {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  private readonly options: StagedOptions
  private readonly opened: (Promise<Program> | undefined)[] = []

  constructor(options: StagedOptions) {
    this.options = options
    this.inputs = options.inputs
    this.outputs = options.outputs
  }

  async run(feeds: Readonly<Record<string, Value>>, options: RunOptions<string> = {}): Promise<Record<string, Value>> {
    const unknown = Object.keys(feeds).filter((name) => !this.inputs.includes(name))
    if (unknown.length) {
      throw new EngineError(`The program takes [${this.inputs.join(', ')}]; it has no input ${unknown.join(', ')}.`)
    }
    const { stages, once } = this.options
    const values: Record<string, Value> = { ...feeds }
    const crossing: Value[] = []
    try {
      for (let i = 0; ; i++) {
        const program = await this.stage(i)
        const own = Object.fromEntries(program.inputs.flatMap((name) => (values[name] ? [[name, values[name]]] : [])))
        const last = i === stages - 1
        const out = await program.run(own, last ? options : { signal: options.signal, keep: program.outputs })
        if (once) await this.close(i)
        if (last) return out
        Object.assign(values, out)
        crossing.push(...Object.values(out))
      }
    } finally {
      for (const value of crossing) if ('resident' in value) value.dispose()
    }
  }

  async dispose(): Promise<void> {
    await Promise.all(this.opened.map((_, i) => this.close(i)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  /** Opens every stage now. */
  async openAll(): Promise<this> {
    for (let i = 0; i < this.options.stages; i++) await this.stage(i)
    return this
  }

  private stage(i: number): Promise<Program> {
    this.opened[i] ??= this.options.open(i)
    return this.opened[i]
  }

  private async close(i: number): Promise<void> {
    const program = this.opened[i]
    this.opened[i] = undefined
    await (await program)?.dispose()
  }
}
