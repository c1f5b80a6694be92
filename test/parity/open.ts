// Opens fixture checkpoints as the parity tests need them: weights and graphs on one engine, or a whole model whose
// engine keeps a record of every run, so that a test sees each step of a pipeline without a hook in it.
import { afterAll, beforeAll } from 'vitest'
import { selectStateDict } from '../../src/checkpoint/checkpoint.ts'
import { openFile } from '../../src/checkpoint/node/file-source.ts'
import type { Checkpoint } from '../../src/checkpoint/types.ts'
import { createEngine } from '../../src/engine/node/engine.ts'
import type { Engine, Value } from '../../src/engine/types.ts'
import type { Dim, Tensor } from '../../src/graph/index.ts'
import { Model } from '../../src/library/node/model.ts'
import { type ModelFiles, openModel } from '../../src/library/node/open.ts'
import type { ArchitectureHints } from '../../src/models/infer.ts'
import { openWeights } from '../../src/models/weights.ts'
import { defaultTeacher, type TeacherSettings } from '../../src/sampling/plan.ts'
import type { PlanOptions } from '../../src/sampling/plan-options.ts'
import { programCache } from '../../src/sampling/programs.ts'
import { imagenet } from '../../src/zoo/classes.ts'
import { numbers } from '../evaluate.ts'
import { type FixtureArray, fixturePath } from '../fixtures.ts'

export { evaluate, feed, numbers, sharedEngine } from '../evaluate.ts'

const opened: Checkpoint[] = []
afterAll(async () => {
  await Promise.all(opened.map((checkpoint) => checkpoint.close()))
})

/** State dict of a fixture checkpoint and its weights. */
export async function openFixture(file: string, path = '') {
  const checkpoint = await openFile(fixturePath(file))
  opened.push(checkpoint)
  const { tensors } = selectStateDict(checkpoint, [path])
  return { file, tensors, weights: openWeights(file, tensors) }
}

/** Columns start..end of a row-major [rows, length, ...] array. */
export function columns(data: ArrayLike<number>, shape: readonly number[], start: number, end: number): number[] {
  const inner = shape.slice(2).reduce((n, d) => n * d, 1)
  return Array.from({ length: shape[0]! * (end - start) * inner }, (_, i) => {
    const row = Math.floor(i / ((end - start) * inner))
    return data[row * shape[1]! * inner + start * inner + (i % ((end - start) * inner))]!
  })
}

/** Arrays of [rows, n_i, ...] side by side. */
export function sideBySide(parts: readonly ArrayLike<number>[], rows: number): number[] {
  return Array.from({ length: rows }, (_, r) =>
    parts.flatMap((part) => Array.from(part).slice((r * part.length) / rows, ((r + 1) * part.length) / rows)),
  ).flat()
}

/** Every tensor that `output` is computed from whose last dimensions are `trailing`, in the order of computation. */
export function statesOf(output: Tensor, trailing: readonly Dim[]): Tensor[] {
  const seen = new Set<Tensor['node']>()
  const found: Tensor[] = []
  const visit = (t: Tensor) => {
    if (t.node.kind === 'op' && !seen.has(t.node)) {
      seen.add(t.node)
      for (const operand of t.node.inputs) if (operand) visit(operand)
    }
    const last = t.shape.slice(t.shape.length - trailing.length)
    if (t.dtype === 'float32' && last.join() === trailing.join() && !found.includes(t)) found.push(t)
  }
  visit(output)
  return found
}

/** What one run of a program was given and what it gave. */
export interface Run {
  feeds: Readonly<Record<string, Value>>
  out: Readonly<Record<string, Value>>
}

/** An engine that notes every run of every program in `runs`. */
function recording(engine: Engine, runs: Run[]): Engine {
  return Object.assign(Object.create(engine) as Engine, {
    async load(...args: Parameters<Engine['load']>) {
      const program = await engine.load(...args)
      return Object.assign(Object.create(program), {
        async run(...[feeds, options]: Parameters<typeof program.run>) {
          const out = await program.run(feeds, options)
          runs.push({ feeds, out })
          return out
        },
      })
    },
  })
}

/** Always the most likely token. */
export const greedy: TeacherSettings = { ...defaultTeacher, cfg: 2, greedy: true }

/** A model on fixture files for the tests of the surrounding block; `sample` also tells what every program did. */
export function fixtureModel(files: ModelFiles, hints: ArchitectureHints = {}) {
  const runs: Run[] = []
  let model: Model
  let engine: Engine
  beforeAll(async () => {
    const paths = Object.fromEntries(Object.entries(files).map(([role, file]) => [role, fixturePath(file!)]))
    const opened = await openModel(paths, { hints })
    const weights = { dtype: 'fp32', ema: true } as const
    engine = recording(await createEngine({ device: 'cpu', threads: 1 }), runs)
    model = new Model(
      { name: 'fixture', classes: imagenet, presets: [], teacherDefaults: greedy, weights },
      opened,
      engine,
    )
  })
  afterAll(() => model.dispose())

  return {
    /** One pass of the teacher, unguided and causal, over all groups before `group` and that one. */
    async teacherForced(labels: readonly number[], prefix: readonly number[], group: number) {
      runs.length = 0
      const programs = programCache(engine)
      const session = model.family.teacher!(programs, { labels, guided: false, prefixMask: 'causal' })
      await session.begin(Int32Array.from(prefix), group, 1)
      session.dispose()
      await programs.close()
      const pass = runs.find(({ out }) => out.logits)!
      return { tokens: numbers(pass.feeds.tokens), logits: numbers(pass.out.logits) }
    },
    async sample(labels: FixtureArray, noise: FixtureArray, options: PlanOptions, batch = 8) {
      runs.length = 0
      const { results } = await model.sample({
        ...options,
        classes: Array.from(labels.data),
        noise: { data: noise.data as Float32Array, shape: noise.shape },
        batch,
      })
      const joined = (pick: (r: (typeof results)[number]) => ArrayLike<number> | undefined) =>
        results.flatMap((r) => Array.from(pick(r) ?? []))
      const rows = labels.data.length
      const passes = runs.filter(({ out }) => out.logits)
      return {
        sequence: joined((r) => r.details.sequence),
        image: joined((r) => r.details.pixels),
        fHat: joined((r) => r.details.fHat),
        /** Indices that the teacher chose. */
        teacher: joined((r) => r.details.teacherIndices),
        /** Every step of the student: its input state and what it made of it. */
        steps: runs
          .filter(({ feeds }) => feeds.x && feeds.labels)
          .map(({ feeds, out }) => ({ x: numbers(feeds.x), sequence: numbers(out.sequence) })),
        /** The teacher's (guided) logits of all passes; the first one includes the prefix. */
        logits: sideBySide(
          passes.map(({ out }) => numbers(out.logits)),
          rows,
        ),
        /** Indices of the prefix that the student handed to the teacher. */
        prefix: runs.filter(({ out }) => out.indices).flatMap(({ out }) => numbers(out.indices)),
      }
    },
  }
}
