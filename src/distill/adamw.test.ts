import { expect, test } from 'vitest'
import { adamW, decaysByDefault, emaDecay, globalNorm, updateEma, zerosLike } from './adamw.ts'
import type { Parameters } from './parameters.ts'

const one = (...values: number[]): Parameters =>
  new Map([['w', { shape: [values.length, 1], data: Float32Array.from(values) }]])
const options = { lr: 0.1, betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0.05, gradScale: 1 } as const

// torch.optim.AdamW(lr=0.1, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.05) on w = [1, -2] with gradients [0.5, -1],
// [0.25, 2], [-0.75, 0]; PyTorch 1.13.1, float32.
const torch = [
  [0.8949999809265137, -1.8899999856948853],
  [0.7965956926345825, -1.9168874025344849],
  [0.8007364273071289, -1.9357551336288452],
]

test('three steps are those of torch.optim.AdamW', () => {
  const w = one(1, -2)
  const state = { m: zerosLike(w), v: zerosLike(w) }
  for (const [i, g] of [
    [0.5, -1],
    [0.25, 2],
    [-0.75, 0],
  ].entries()) {
    adamW(w, new Map([['w', Float32Array.from(g)]]), state, { ...options, step: i + 1, decays: () => true })
    expect(w.get('w')!.data).toBeAllclose(torch[i]!, { atol: 1e-6, rtol: 0 })
  }
})

test('without decay, and with scaled gradients, the first step is one learning rate long', () => {
  const w = one(1, -2)
  const state = { m: zerosLike(w), v: zerosLike(w) }
  const grads = new Map([['w', Float32Array.of(4, -9)]])
  adamW(w, grads, state, { ...options, gradScale: 0.5, step: 1, decays: () => false })
  expect(w.get('w')!.data).toBeAllclose([0.9, -1.9], { atol: 1e-6 })
})

test('matrices decay; biases, norms, embeddings and tables do not', () => {
  expect(decaysByDefault('blocks.0.attn.proj.weight', [8, 8])).toBe(true)
  expect(decaysByDefault('layers.0.feed_forward.w1.weight', [8, 8])).toBe(true)
  const exempt: [string, number[]][] = [
    ['blocks.0.attn.proj.bias', [8]],
    ['layers.0.ffn_norm.weight', [8]],
    ['class_emb.weight', [11, 8]],
    ['cls_embedding.embedding_table.weight', [11, 8]],
    ['pos_1LC', [1, 5, 8]],
    ['blocks.0.attn.scale_mul_1H11', [1, 2, 1, 1]],
    ['blocks.0.ada_gss', [1, 1, 6, 8]],
    ['quantize.embedding.weight', [16, 4]],
  ]
  expect(exempt.filter(([name, shape]) => decaysByDefault(name, shape))).toEqual([])
})

test('the norm is over all gradients', () => {
  const grads = new Map([
    ['a', Float32Array.of(3)],
    ['b', Float32Array.of(0, 4)],
  ])
  expect(globalNorm(grads)).toBe(5)
})

test('the average forgets its start first and is slow later', () => {
  expect(emaDecay(0.999, 0)).toBeCloseTo(0.1)
  expect(emaDecay(0.999, 1e6)).toBe(0.999)
  const ema = one(0, 0)
  updateEma(ema, one(1, 2), 0.75)
  expect(Array.from(ema.get('w')!.data)).toEqual([0.25, 0.5])
})
