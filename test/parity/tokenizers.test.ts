// Both tokenizers against PyTorch: encoders, quantisers, decoders stage by stage.
import { describe, expect, it } from 'vitest'
import type { TensorRef } from '../../src/checkpoint/types.ts'
import { input, type Tensor } from '../../src/graph/index.ts'
import type { VarVqvaeArchitecture } from '../../src/models/architecture.ts'
import { inferLlamaGenVq, inferVarVqvae } from '../../src/models/infer.ts'
import { llamaGenCodebook, llamaGenDecoderGraph, llamaGenEncoderGraph } from '../../src/models/llamagen-vq.ts'
import { lookupGraph } from '../../src/models/student.ts'
import {
  decodeFHat,
  quantize,
  sequenceToFHat,
  varCodebook,
  varEncoderGraph,
  varNextScaleGraph,
} from '../../src/models/var-vqvae.ts'
import { openWeights, type Weights } from '../../src/models/weights.ts'
import type { FixtureArray } from '../fixtures.ts'
import { goldens } from './goldens.ts'
import { columns, evaluate, feed, numbers, openFixture, sideBySide, statesOf } from './open.ts'

const vqvae = goldens('var_tiny_vqvae')
const quant10 = goldens('var_quant10')
const vq = goldens('llamagen_tiny_vq')

/** Feeds the indices scale by scale: f_hat and the next scale's tokens after each. */
async function growScaleByScale(weights: Weights, arch: VarVqvaeArchitecture, { data, shape }: FixtureArray) {
  const batch = shape[0]!
  const side = arch.patchNums.at(-1)!
  let fHat = new Array<number>(batch * arch.zChannels * side * side).fill(0)
  const fHats: number[][] = []
  const inputs: number[][] = []
  let start = 0
  for (const [scale, p] of arch.patchNums.entries()) {
    const indices = { data: Int32Array.from(columns(data, shape, start, start + p * p)), shape: [batch, p * p] }
    const previous = { data: Float32Array.from(fHat), shape: [batch, arch.zChannels, side, side] }
    const out = await evaluate(varNextScaleGraph(weights, arch, scale), {
      previous: feed(previous),
      indices: feed(indices),
    })
    fHat = numbers(out.f_hat)
    fHats.push(fHat)
    if (out.next) inputs.push(numbers(out.next))
    start += p * p
  }
  return { fHats: sideBySide(fHats, batch), inputs: sideBySide(inputs, batch) }
}

/** The values of the states between input and output whose shapes are those given, in order of computation. */
async function statesBetween(
  output: Tensor,
  shapes: readonly (readonly number[])[],
  feeds: Parameters<typeof evaluate>[1],
) {
  const all = statesOf(output, []).filter((t) => shapes.some((shape) => shape.join() === t.shape.slice(1).join()))
  const out = await evaluate(Object.fromEntries(all.map((t, i) => [`state${i}`, t])), feeds)
  return all.map((_, i) => numbers(out[`state${i}`]))
}

/** First image of a batch. */
const first = ({ data, shape }: FixtureArray): FixtureArray => ({
  data: data.slice(0, data.length / shape[0]!) as Float32Array,
  shape: [1, ...shape.slice(1)],
})

describe("VAR's VQVAE", () => {
  const open = async () => {
    const { file, tensors, weights } = await openFixture('var_tiny_vqvae.pth')
    return { tensors, weights, arch: inferVarVqvae(file, tensors, [1, 2, 3, 4]) }
  }
  const lastFHat = (): FixtureArray => {
    const { data, shape } = vqvae.input('encode.f_hat_scales')
    return { data: Float32Array.from(columns(data, shape, 3, 4)), shape: [2, 16, 4, 4] }
  }
  const fHat = input('f_hat', 'float32', ['batch', 16, 4, 4])

  it('encodes an image to the same multi-scale indices', async () => {
    const { weights, arch } = await open()
    const out = await evaluate(varEncoderGraph(weights, arch), { image: feed(vqvae.input('encode.image_in')) })
    vqvae.match('encode.f', numbers(out.f))
    vqvae.match('encode.idx', numbers(out.indices))
    vqvae.match('encode.f_hat_scales', numbers(out.f_hats))
  })

  it('decodes the last f_hat to the same image', async () => {
    const { weights, arch } = await open()
    const { image } = await evaluate({ image: decodeFHat(weights, arch, fHat) }, { f_hat: feed(lastFHat()) })
    vqvae.match('encode.recon', numbers(image))
  })

  it('passes through the same stages of the decoder', async () => {
    const { weights, arch } = await open()
    const states = await statesBetween(
      decodeFHat(weights, arch, fHat),
      [
        [16, 4, 4],
        [128, 4, 4],
        [128, 8, 8],
        [3, 64, 64],
      ],
      { f_hat: feed(first(lastFHat())) },
    )
    const stages = [
      'post_quant_conv',
      'conv_in',
      'mid_block_1',
      'mid_attn_1',
      'mid_block_2',
      'up_last_upsample',
      'conv_out',
    ]
    vqvae.matchInOrder(
      stages.map((stage) => `encode.dec.${stage}`),
      states,
    )
  })

  it('turns indices into the same teacher inputs, scale by scale', async () => {
    const { weights, arch } = await open()
    const grown = await growScaleByScale(weights, arch, vqvae.input('encode.idx'))
    vqvae.match('encode.var_input', grown.inputs)
    vqvae.match('encode.f_hat_scales', grown.fHats)
  })

  it('uses its codebook as it is', async () => {
    const { weights, tensors } = await open()
    const { codebook } = await evaluate({ codebook: varCodebook(weights) }, {})
    const bytes = await tensors.get('quantize.embedding.weight')!.read()
    expect(numbers(codebook)).toEqual(Array.from(new Float32Array(bytes.slice().buffer)))
  })
})

describe('the residual quantiser with ten scales', () => {
  const arch: VarVqvaeArchitecture = {
    family: 'var',
    ch: 0,
    chMult: [],
    resBlocks: 0,
    zChannels: 8,
    vocabSize: 256,
    patchNums: quant10.meta.config.patch_nums,
    quantResi: 0.5,
    shareQuantResi: 4,
  }
  const tensors = new Map(
    quant10.names
      .filter((name) => name.startsWith('weights.'))
      .map((name) => stored(name.replace('weights.', 'quantize.'), quant10.input(name))),
  )

  it('sums up the same f_hat from continuous tokens', async () => {
    const weights = openWeights('var_quant10', tensors)
    const sequence = input('sequence', 'float32', ['batch', 680, 8])
    const tokens = feed(quant10.input('tokens'))
    const out = await evaluate({ f_hat: sequenceToFHat(weights, arch, sequence) }, { sequence: tokens })
    quant10.matchColumns('f_hat_scales', 9, 10, numbers(out.f_hat))
  })

  it('grows by the same f_hat after every scale and asks for the same next tokens', async () => {
    // The tokens themselves as the codebook: entry i is token i.
    const { data } = quant10.input('tokens')
    const withTokens = new Map([...tensors, stored('quantize.embedding.weight', { data, shape: [680, 8] })])
    const indices = { data: Int32Array.from({ length: 680 }, (_, i) => i), shape: [1, 680] }
    const grown = await growScaleByScale(openWeights('var_quant10', withTokens), arch, indices)
    quant10.match('f_hat_scales', grown.fHats)
    quant10.match('next_inputs', transposed(grown.inputs, 679, 8))
  })

  it('finds the same indices', async () => {
    const f = input('f', 'float32', ['batch', 8, 16, 16])
    const { indices, f_hats } = quantize(openWeights('var_quant10', tensors), arch, f)
    const out = await evaluate({ indices, f_hats }, { f: feed(quant10.input('f')) })
    quant10.match('encode_idx', numbers(out.indices))
    quant10.match('encode_f_hat', numbers(out.f_hats).slice(-8 * 256))
  })
})

describe("LlamaGen's VQ", () => {
  const open = async () => {
    const { file, tensors, weights } = await openFixture('llamagen_tiny_vq.pt', 'model')
    return { weights, arch: inferLlamaGenVq(file, tensors) }
  }
  /** [B, 8, 4, 4] -> [B, 16, 8]. */
  const asSequence = ({ data, shape }: FixtureArray): FixtureArray => ({
    data: Float32Array.from(
      Array.from({ length: shape[0]! }, (_, b) =>
        transposed(Array.from(data.slice(b * 128, (b + 1) * 128)), 8, 16),
      ).flat(),
    ),
    shape: [shape[0]!, 16, 8],
  })

  it('encodes an image to the same indices', async () => {
    const { weights, arch } = await open()
    const out = await evaluate(llamaGenEncoderGraph(weights, arch, 64), { image: feed(vq.input('encode.image_in')) })
    vq.match('encode.h', numbers(out.h))
    vq.match('encode.idx', numbers(out.indices))
  })

  it('decodes indices through its codebook', async () => {
    const { weights, arch } = await open()
    const indices = feed({ ...vq.input('encode.idx'), shape: [2, 16] })
    const { sequence } = await evaluate(lookupGraph(llamaGenCodebook(weights)), { indices })
    const codes = numbers(sequence)
    vq.match(
      'encode.quant',
      [0, 1].flatMap((b) => transposed(codes.slice(b * 128, (b + 1) * 128), 16, 8)),
    )
    const { image } = await evaluate(llamaGenDecoderGraph(weights, arch, 16), { sequence: sequence! })
    vq.match(
      'encode.recon',
      numbers(image).map((x) => 2 * x - 1),
    )
  })

  it('passes through the same stages of the decoder', async () => {
    const { weights, arch } = await open()
    const { image } = llamaGenDecoderGraph(weights, arch, 16)
    const states = await statesBetween(
      image!,
      [
        [32, 4, 4],
        [128, 4, 4],
        [128, 8, 8],
      ],
      { sequence: feed(asSequence(first(vq.input('encode.quant')))) },
    )
    const stages = ['post_quant_conv', 'conv_in', 'mid_0', 'mid_1', 'mid_2', 'conv_blocks_0_upsample']
    vq.matchInOrder(
      stages.map((stage) => `encode.dec.${stage}`),
      states,
    )
  })
})

/** A state-dict entry that holds a fixture array. */
function stored(name: string, { data, shape }: FixtureArray): [string, TensorRef] {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
  return [name, { name, dtype: 'float32', shape, read: async () => bytes }]
}

/** [rows, width] -> [width, rows]. */
function transposed(data: readonly number[], rows: number, width: number): number[] {
  return Array.from({ length: rows * width }, (_, i) => data[(i % rows) * width + Math.floor(i / rows)]!)
}

describe('the tests above', () => {
  vqvae.allCompared()
  quant10.allCompared()
  vq.allCompared()
})
