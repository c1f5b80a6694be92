// Architectures read off shapes, and what is said when shapes do not tell or do not agree.
import { describe, expect, it } from 'vitest'
import { fixturePath } from '../../test/fixtures.ts'
import { selectStateDict } from '../checkpoint/checkpoint.ts'
import { guessModel } from '../checkpoint/guess.ts'
import { openFile } from '../checkpoint/node/file-source.ts'
import type { StateDict, TensorRef } from '../checkpoint/types.ts'
import { CheckpointError, UsageError } from '../core/errors.ts'
import { findModel } from '../zoo/registry.ts'
import type { NetworkSpec } from './architecture.ts'
import { checkStateDict } from './check.ts'
import { inferLlamaGen, inferLlamaGenVq, inferVar, inferVarVqvae } from './infer.ts'
import { expectedShapes } from './shapes.ts'

/** A state dict of the right names and shapes, without any data. */
function hollow(spec: NetworkSpec, changes: Record<string, number[] | undefined> = {}): StateDict {
  const shapes = new Map<string, number[] | undefined>([...expectedShapes(spec), ...Object.entries(changes)])
  const read = () => Promise.reject(new Error('nothing to read'))
  return new Map(
    [...shapes]
      .filter(([, shape]) => shape !== undefined)
      .map(([name, shape]): [string, TensorRef] => [name, { name, dtype: 'float32', shape: shape!, read }]),
  )
}

async function fixture(file: string): Promise<StateDict> {
  const checkpoint = await openFile(fixturePath(file))
  const { tensors } = selectStateDict(checkpoint, ['trainer.ema_parameters'])
  await checkpoint.close()
  return tensors
}

describe('the architecture of a released model', () => {
  it.each(['var-dd-d16', 'var-dd-d20', 'var-dd-d24', 'var-d16', 'var-d30'])('%s is told by its shapes', (name) => {
    const entry = findModel(name)
    expect(inferVar(name, hollow(entry))).toEqual(entry.architecture)
  })

  it.each(['llamagen-dd-b', 'llamagen-dd-l'])('%s is told by its shapes and its size', (name) => {
    const entry = findModel(name)
    expect(inferLlamaGen(name, hollow(entry))).toEqual(entry.architecture)
  })

  it.each(['llamagen-b', 'llamagen-l', 'llamagen-xl', 'llamagen-xxl'])(
    '%s is told but for the codebook and the image size',
    (name) => {
      const entry = findModel(name)
      const unknown = { channels: 8, tokens: name.includes('x') ? 576 : 256 }
      expect({ ...inferLlamaGen(name, hollow(entry)), ...unknown }).toEqual(entry.architecture)
    },
  )

  it('of both tokenizers is told by their shapes', () => {
    const vqvae = findModel('var-vqvae')
    const vq = findModel('llamagen-vq-ds16')
    const scales = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16]
    expect(inferVarVqvae('vae', hollow(vqvae), scales)).toEqual(vqvae.architecture)
    expect(inferLlamaGenVq('vq', hollow(vq))).toEqual(vq.architecture)
  })
})

describe('hints', () => {
  const student = findModel('var-dd-d16')
  const llamagen = findModel('llamagen-l')

  it('name the heads of VAR without l2-normalised attention, 64 wide by default', () => {
    const spec = { ...student, architecture: { ...student.architecture, attnL2Norm: false } } as NetworkSpec
    expect(inferVar('x', hollow(spec)).heads).toBe(16)
    expect(inferVar('x', hollow(spec), { heads: 8 }).heads).toBe(8)
  })

  it('name unusual scales', () => {
    const spec = { ...student, architecture: { ...student.architecture, patchNums: [1, 2, 4] } } as NetworkSpec
    expect(() => inferVar('x.pth', hollow(spec))).toThrow('x.pth has 3 scales and 21 tokens, which no known list')
    expect(() => inferVar('x.pth', hollow(spec), { patchNums: [1, 3, 4] })).toThrow(UsageError)
    expect(inferVar('x.pth', hollow(spec), { patchNums: [1, 2, 4] }).patchNums).toEqual([1, 2, 4])
  })

  it('are needed for a LlamaGen of another size, and have to divide its width', () => {
    const spec = { ...llamagen, architecture: { ...llamagen.architecture, layers: 3 } } as NetworkSpec
    expect(() => inferLlamaGen('x.pt', hollow(spec))).toThrow('no released LlamaGen has 3 layers of width 1024')
    expect(() => inferLlamaGen('x.pt', hollow(spec), { heads: 3 })).toThrow('3 heads do not divide the width 1024')
    expect(inferLlamaGen('x.pt', hollow(spec), { heads: 4, tokens: 64 })).toMatchObject({ heads: 4, tokens: 64 })
    expect(() => inferLlamaGen('x.pt', hollow(spec), { heads: 4, tokens: 60 })).toThrow(
      '60 tokens are no square grid (x.pt). Shapes do not tell the tokens of a LlamaGen model; where they are others, load it with `config',
    )
  })
})

describe('a released network that is not supported', () => {
  const llamagen = findModel('llamagen-l')

  it('for text to image is called so', () => {
    const changes = {
      'cls_embedding.embedding_table.weight': undefined,
      'cls_embedding.cap_proj.fc1.weight': [1024, 2048],
    }
    const tensors = hollow(llamagen, changes)
    expect(guessModel(tensors)).toMatchObject({ kind: 'llamagen-t2i', label: 'LlamaGen for text to image' })
    const message =
      't2i.pt is a LlamaGen for text to image (it holds "cls_embedding.cap_proj.fc1.weight"), which is not supported.'
    expect(() => inferLlamaGen('t2i.pt', tensors)).toThrow(message)
    expect(() => inferLlamaGen('t2i.pt', tensors)).toThrow(CheckpointError)
  })

  it.each([
    [577, 384],
    [1025, 512],
  ])('with a positional table of %i rows is of %i pixels', (rows, side) => {
    const tensors = hollow(llamagen, { freqs_cis: [rows, 32, 2] })
    expect(guessModel(tensors)).toMatchObject({ kind: 'llamagen', tokens: rows - 1 })
    expect(() => inferLlamaGen('x.pt', tensors)).toThrow(
      `x.pt is a LlamaGen of ${side} x ${side} pixels ("freqs_cis" has ${rows} rows)`,
    )
    expect(inferLlamaGen('x.pt', tensors, { tokens: rows - 1 }).tokens).toBe(rows - 1)
  })

  it('with the scales of VAR at 512 pixels is called so', () => {
    const student = findModel('var-d16')
    const patchNums = [1, 2, 3, 4, 6, 9, 13, 18, 24, 32]
    const spec = { ...student, architecture: { ...student.architecture, patchNums } } as NetworkSpec
    expect(() => inferVar('d36.pth', hollow(spec))).toThrow(
      'd36.pth is a VAR of 512 x 512 pixels (10 scales, 2240 tokens)',
    )
  })
})

it('a positional table tells the tokens of a LlamaGen of another size', () => {
  const tensors = hollow(findModel('llamagen-l'), { freqs_cis: [65, 32, 2] })
  expect(inferLlamaGen('x.pt', tensors).tokens).toBe(64)
})

describe('a damaged checkpoint', () => {
  it('without a tensor says which', async () => {
    const tensors = await fixture('bad_missing_key.pth')
    expect(() => inferVar('bad_missing_key.pth', tensors)).toThrow(CheckpointError)
    expect(() => inferVar('bad_missing_key.pth', tensors)).toThrow(
      'bad_missing_key.pth: no tensor "blocks.0.ffn.fc1.weight"',
    )
  })

  it('with a wrong shape says which tensor, what is there and what was expected', async () => {
    const tensors = await fixture('bad_wrong_shape.pth')
    const spec = { kind: 'student', architecture: inferVar('bad_wrong_shape.pth', tensors) } as const
    expect(() => checkStateDict('bad_wrong_shape.pth', tensors, spec)).toThrow(
      'bad_wrong_shape.pth: tensor "head.weight" has shape [127, 64], expected [128, 64].',
    )
  })

  const spec = findModel('var-dd-d16') as NetworkSpec
  const check = (changes: Record<string, number[] | undefined>, ignored?: ReadonlySet<string>) => () =>
    checkStateDict('x.pth', hollow(spec, changes), spec, ignored)

  it('with a misnamed tensor is told the name it has', () => {
    const renamed = { 'blocks.3.attn.mat_qkv.weight': undefined, 'blocks.3.attn.qkv.weight': [3072, 1024] }
    expect(check(renamed)).toThrow(
      'x.pth: no tensor "blocks.3.attn.mat_qkv.weight" (expected float32 [3072, 1024]). The file holds "blocks.3.attn.qkv.weight".',
    )
  })

  it('with several tensors missing counts them', () => {
    expect(check({ 'head.weight': undefined, 'head.bias': undefined })).toThrow('(and 1 more)')
  })

  it('with tensors of something else is refused, buffers and what is ignored aside', () => {
    expect(check({ extra: [1], 'lora.a': [2] })).toThrow('x.pth: "extra", "lora.a" belong to no part of this network.')
    expect(check({ a: [1], b: [1], c: [1], d: [1], e: [1] })).toThrow('"a", "b", "c" and 2 more belong')
    expect(check({ lvl_1L: [1, 681], extra: [1] }, new Set(['extra']))).not.toThrow()
  })
})
