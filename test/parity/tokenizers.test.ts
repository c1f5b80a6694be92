// Both tokenizers against PyTorch: encoders, quantisers, decoders, and the resampling tables they rest on.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { StateDict, TensorRef } from '../../src/checkpoint/types.ts'
import { constant, input } from '../../src/graph/index.ts'
import { reshape, slice } from '../../src/graph/ops/index.ts'
import { inferLlamaGenVq, inferVarVqvae } from '../../src/models/infer.ts'
import { llamaGenDecoderGraph, llamaGenEncoderGraph } from '../../src/models/llamagen-vq.ts'
import { phiIndex } from '../../src/models/resample.ts'
import { lookupGraph } from '../../src/models/student.ts'
import {
  decodeFHat,
  quantize,
  sequenceToFHat,
  varCodebook,
  varDecoderGraph,
  varEncoderGraph,
  varNextScaleGraph,
} from '../../src/models/var-vqvae.ts'
import { openWeights } from '../../src/models/weights.ts'
import { fixturePath, loadFixture } from '../fixtures.ts'
import { columns, evaluate, feed, numbers, openFixture } from './open.ts'

const RELATIVE = 1e-4
const PIXEL = { atol: 1 / 255, rtol: 0 }

describe("VAR's VQVAE", () => {
  const { arrays } = loadFixture('var_tiny_vqvae')
  const open = async () => {
    const { file, tensors, weights } = await openFixture('var_tiny_vqvae.pth')
    return { weights, arch: inferVarVqvae(file, tensors, [1, 2, 3, 4]) }
  }

  it('encodes an image to the same multi-scale indices', async () => {
    const { weights, arch } = await open()
    const out = await evaluate(varEncoderGraph(weights, arch), { image: feed(arrays('encode.image_in')) })
    expect(numbers(out.f)).toBeWithinRelative(arrays('encode.f').data, RELATIVE)
    expect(numbers(out.indices)).toEqual(Array.from(arrays('encode.idx').data))
    expect(numbers(out.f_hats)).toBeWithinRelative(arrays('encode.f_hat_scales').data, RELATIVE)
  })

  it('decodes the last f_hat to the same image', async () => {
    const { weights, arch } = await open()
    const { data, shape } = arrays('encode.f_hat_scales')
    const fHats = reshape(slice(input('f_hats', 'float32', shape), 1, 3, 4), [2, 16, 4, 4])
    const out = await evaluate(
      { image: decodeFHat(weights, arch, { ...fHats, shape: ['batch', 16, 4, 4] }) },
      {
        f_hats: { dtype: 'float32', shape, data: data as Float32Array },
      },
    )
    expect(numbers(out.image)).toBeWithinRelative(arrays('encode.recon').data, RELATIVE)
  })

  it('turns indices into the same teacher inputs, scale by scale', async () => {
    const { weights, arch } = await open()
    let fHat = { dtype: 'float32' as const, shape: [2, 16, 4, 4], data: new Float32Array(2 * 16 * 16) }
    const golden = arrays('encode.var_input')
    let start = 0
    let seen = 0
    for (const [scale, p] of [1, 2, 3, 4].entries()) {
      const indices = columns(arrays('encode.idx'), start, start + p * p)
      start += p * p
      const out = await evaluate(varNextScaleGraph(weights, arch, scale), {
        previous: fHat,
        indices: feed({ data: Int32Array.from(indices), shape: [2, p * p] }),
      })
      fHat = out.f_hat as typeof fHat
      if (scale === 3) break
      const next = numbers(out.next)
      expect(next).toBeWithinRelative(columns(golden, seen, seen + (p + 1) ** 2), RELATIVE)
      seen += (p + 1) ** 2
    }
    expect(numbers(fHat)).toBeWithinRelative(
      arrays('encode.f_hat_scales').data.filter((_, i) => Math.floor(i / 256) % 4 === 3),
      RELATIVE,
    )
  })

  it('decodes sequences of every run of the student', async () => {
    const { weights, arch } = await open()
    const dd = loadFixture('var_tiny_dd')
    for (const [run, step] of [
      ['one_step', 0],
      ['two_step', 1],
      ['two_step_t1_split3', 1],
      ['three_step', 2],
    ] as const) {
      const sequence = dd.arrays(`${run}.step${step}.sequence`)
      const out = await evaluate(varDecoderGraph(weights, arch), { sequence: feed(sequence) })
      expect(numbers(out.f_hat)).toBeWithinRelative(dd.arrays(`${run}.f_hat`).data, RELATIVE)
      expect(numbers(out.image)).toBeAllclose(dd.arrays(`${run}.image`).data, PIXEL)
      expect(numbers(out.image)).toBeWithinRelative(dd.arrays(`${run}.image`).data, RELATIVE)
    }
  })
})

describe('the residual quantiser with ten scales', () => {
  const { arrays, names } = loadFixture('var_quant10')
  const patchNums = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16]
  const arch = {
    family: 'var',
    ch: 0,
    chMult: [],
    resBlocks: 0,
    zChannels: 8,
    vocabSize: 256,
    patchNums,
    quantResi: 0.5,
    shareQuantResi: 4,
  } as const
  const tensors: StateDict = new Map(
    names
      .filter((name) => name.startsWith('weights.'))
      .map((name): [string, TensorRef] => {
        const { data, shape } = arrays(name)
        const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
        const key = name.replace('weights.', 'quantize.')
        return [key, { name: key, dtype: 'float32', shape, read: async () => bytes }]
      }),
  )
  const weights = openWeights('var_quant10', tensors)

  it('sums up the same f_hat from continuous tokens', async () => {
    const sequence = { ...input('sequence', 'float32', ['batch', 680, 8]) }
    const out = await evaluate({ f_hat: sequenceToFHat(weights, arch, sequence) }, { sequence: feed(arrays('tokens')) })
    const golden = arrays('f_hat_scales').data
    expect(numbers(out.f_hat)).toBeWithinRelative(golden.slice(-8 * 256) as Float32Array, RELATIVE)
  })

  it('finds the same indices', async () => {
    const f = input('f', 'float32', ['batch', 8, 16, 16])
    const { indices, f_hats } = quantize(weights, arch, f)
    const out = await evaluate({ indices, f_hats }, { f: feed(arrays('f')) })
    expect(numbers(out.indices)).toEqual(Array.from(arrays('encode_idx').data))
    expect(numbers(out.f_hats).slice(-8 * 256)).toBeWithinRelative(arrays('encode_f_hat').data, RELATIVE)
  })

  it('picks phi as numpy rounds it', () => {
    const tables = JSON.parse(readFileSync(fixturePath('tables.json'), 'utf8'))
    const text = JSON.stringify(tables)
    expect(patchNums.map((_, s) => phiIndex(s, 10, 4))).toEqual([0, 0, 1, 1, 1, 2, 2, 3, 3, 3])
    expect(text).toContain('[0,0,1,1,1,2,2,3,3,3]')
  })
})

describe("LlamaGen's VQ", () => {
  const { arrays } = loadFixture('llamagen_tiny_vq')
  const open = async () => {
    const { file, tensors, weights } = await openFixture('llamagen_tiny_vq.pt', 'model')
    return { weights, arch: inferLlamaGenVq(file, tensors) }
  }

  it('encodes an image to the same indices', async () => {
    const { weights, arch } = await open()
    const out = await evaluate(llamaGenEncoderGraph(weights, arch, 64), { image: feed(arrays('encode.image_in')) })
    expect(numbers(out.h)).toBeWithinRelative(arrays('encode.h').data, RELATIVE)
    expect(numbers(out.indices)).toEqual(Array.from(arrays('encode.idx').data))
  })

  it('decodes sequences of every run of the student', async () => {
    const { weights, arch } = await open()
    const dd = loadFixture('llamagen_tiny_dd')
    for (const [run, step] of [
      ['one_step', 0],
      ['two_step', 1],
      ['two_step_t8_split3', 1],
    ] as const) {
      const sequence = dd.arrays(`${run}.step${step}.sequence`)
      const out = await evaluate(llamaGenDecoderGraph(weights, arch, 16), { sequence: feed(sequence) })
      expect(numbers(out.image)).toBeAllclose(dd.arrays(`${run}.image`).data, PIXEL)
      expect(numbers(out.image)).toBeWithinRelative(dd.arrays(`${run}.image`).data, RELATIVE)
    }
  })

  it('decodes indices through its codebook', async () => {
    const { weights, arch } = await open()
    const idx = arrays('encode.idx')
    const codes = lookupGraph({
      ...constant([0], [1]),
      ...(await import('../../src/models/llamagen-vq.ts')).llamaGenCodebook(weights),
    })
    const { sequence } = await evaluate(codes, { indices: feed({ ...idx, shape: [2, 16] }) })
    const { image } = await evaluate(llamaGenDecoderGraph(weights, arch, 16), {
      sequence: { ...sequence!, shape: [2, 16, 8] },
    })
    const golden = Array.from(arrays('encode.recon').data, (x) => (x + 1) / 2)
    expect(numbers(image)).toBeWithinRelative(golden, RELATIVE)
  })
})

it('the codebook of VAR is used as it is', async () => {
  const { weights, tensors } = await openFixture('var_tiny_vqvae.pth')
  const { codebook } = await evaluate({ codebook: varCodebook(weights) }, {})
  const bytes = await tensors.get('quantize.embedding.weight')!.read()
  expect(numbers(codebook)).toEqual(Array.from(new Float32Array(bytes.slice().buffer)))
})
