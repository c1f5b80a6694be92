import { describe, expect, it } from 'vitest'
import { chiSquare } from '../../test/chi-square.ts'
import { sharedEngine } from '../../test/evaluate.ts'
import { fixturePath } from '../../test/fixtures.ts'
import { noise as gaussian } from '../core/random/philox.ts'
import { constant } from '../graph/index.ts'
import { openModel } from '../library/node/open.ts'
import type { Family } from './family.ts'
import { softmax } from './filter.ts'
import { referenceFlowMap } from './flow-reference.ts'
import { defaultFlow, schedule } from './flow-schedule.ts'
import { type FlowRequest, flowTokens } from './flow-tokens.ts'
import { defaultTeacher, type TeacherSettings } from './plan.ts'
import { programCache } from './programs.ts'

const plain: TeacherSettings = {
  ...defaultTeacher,
  cfg: 0,
  topP: 0,
}

/** A teacher of two groups, one token and two, over six entries; the second group depends on the first token. */
const V = 6
const C = 4
const codebook = gaussian(11, 0, V * C)
const tables = Array.from({ length: 1 + V }, (_, i) => gaussian(12, i, 2 * V).map((v) => 1.5 * v))
const toy = (spoil = (logits: Float32Array) => logits): Family => ({
  name: 'var',
  groups: [1, 2],
  channels: C,
  numClasses: 2,
  imageSize: 8,
  quantized: false,
  codebook: () => constant(codebook, [V, C]),
  decoder: () => ({}),
  teacher: (_, { labels }) => ({
    vocabSize: V,
    begin: async () => spoil(Float32Array.from(labels.flatMap((l) => [...tables[0]!.subarray(l * V, (l + 1) * V)]))),
    advance: async (indices) => Float32Array.from([...indices].flatMap((q) => [...tables[1 + q]!])),
    dispose() {},
  }),
})

/** Tokens of the noise of images, by their indices. */
async function map(family: Family, { images = [0], ...request }: Partial<FlowRequest> & { images?: number[] }) {
  const labels = images.map(() => 1)
  const size = family.groups.reduce((n, tokens) => n + tokens, 0) * family.channels
  const noise = Float32Array.from(images.flatMap((image) => [...gaussian(5, image, size)]))
  const programs = programCache(await sharedEngine())
  const given = { labels, noise, teacher: plain, flow: defaultFlow, ...request }
  return flowTokens(family, programs, given).finally(() => programs.close())
}

const range = (start: number, end: number) => Array.from({ length: end - start }, (_, i) => start + i)

describe("the teacher's flow map", () => {
  it('pushes the noise of whole sequences onto the joint distribution', async () => {
    const tokens = await map(toy(), { images: range(0, 20_000) })
    const first = softmax(tables[0]!.subarray(V, 2 * V))
    const joint = range(0, V ** 3).map((cell) => {
      const [a, b, c] = [Math.floor(cell / V ** 2), Math.floor(cell / V) % V, cell % V] as [number, number, number]
      const next = [tables[1 + a]!.subarray(0, V), tables[1 + a]!.subarray(V)].map(softmax)
      return first[a]! * next[0]![b]! * next[1]![c]!
    })
    const cells = range(0, 20_000).map((i) => (tokens[3 * i]! * V + tokens[3 * i + 1]!) * V + tokens[3 * i + 2]!)
    const { statistic, bound } = chiSquare(cells, joint)
    expect(statistic).toBeLessThan(bound)
  })

  it('carries each position by its own slice of the noise', async () => {
    const images = range(100, 400)
    const tokens = await map(toy(), { images })
    const noises = images.map((image) => gaussian(5, image, 3 * C))
    const expected = noises.flatMap((noise) => {
      const at = (from: number, to: number, logits: Float32Array) =>
        referenceFlowMap(codebook, C, noise.subarray(from * C, to * C), logits, schedule(defaultFlow))
      const [first] = at(0, 1, tables[0]!.subarray(V, 2 * V))
      return [first!, ...at(1, 3, tables[1 + first!]!)]
    })
    expect(expected.filter((index, i) => index !== tokens[i]).length).toBeLessThanOrEqual(1)
  })

  it('allows what the filter leaves', async () => {
    const likeliest = tables[0]!.subarray(V, 2 * V).indexOf(Math.max(...tables[0]!.subarray(V, 2 * V)))
    const tokens = await map(toy(), { images: range(0, 50), teacher: { ...plain, topK: 1 } })
    expect(new Set(tokens.filter((_, i) => i % 3 === 0))).toEqual(new Set([likeliest]))
  })

  it('refuses what has no flow', async () => {
    await expect(map(toy(), { teacher: { ...plain, greedy: true } })).rejects.toThrow('greedy teacher')
    await expect(map({ ...toy(), teacher: undefined } as never, {})).rejects.toThrow('The flow map needs a teacher')
    const nan = toy((logits) => logits.fill(Number.NaN, 3, 4))
    await expect(map(nan, {})).rejects.toThrow("The teacher's largest logit is NaN. The network overflowed")
  })
})

const tiny = {
  var: { teacher: 'var_tiny_teacher.pth', tokenizer: 'var_tiny_vqvae.pth' },
  llamagen: { teacher: 'llamagen_tiny_teacher.pt', tokenizer: 'llamagen_tiny_vq.pt' },
}
const hints = { var: {}, llamagen: { heads: 4, tokens: 16 } }

describe.each(['var', 'llamagen'] as const)('%s', (name) => {
  it.each([
    ['guided and filtered', { cfg: 2, topK: 40, topP: 0.9 }],
    ['as it is', {}],
  ])('a pair is the same alone and in every batch: %s', async (_, settings) => {
    const files = Object.entries(tiny[name]).map(([role, file]) => [role, fixturePath(file)])
    const { family, close } = await openModel(Object.fromEntries(files), { hints: hints[name] })
    const teacher = { ...plain, ...(name === 'llamagen' && { topP: 1 }), ...settings }
    const request = (images: number[]) => ({ images, labels: images.map((i) => i % 10), teacher })
    const all = await map(family, request(range(0, 12)))
    const length = all.length / 12
    expect(length).toBe({ var: 30, llamagen: 16 }[name])
    for (const [start, end] of [
      [3, 4],
      [5, 12],
    ] as const)
      expect(await map(family, request(range(start, end)))).toEqual(all.slice(start * length, end * length))
    await close()
  })
})
