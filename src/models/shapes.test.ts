import { describe, expect, it } from 'vitest'
import { fixturePath, loadFixture } from '../../test/fixtures.ts'
import { openFile } from '../checkpoint/node/file-source.ts'
import { findModel } from '../zoo/registry.ts'
import {
  type LlamaGenArchitecture,
  llamaGenFfnDim,
  type NetworkSpec,
  type TransformerArchitecture,
  type VarArchitecture,
} from './architecture.ts'
import { bufferShapes, expectedShapes } from './shapes.ts'

const chMult = [1, 1, 2, 2, 4]

function varArchitecture(fixture: string): VarArchitecture {
  const { config } = loadFixture(fixture).meta
  return {
    family: 'var',
    depth: config.depth,
    embedDim: config.embed_dim,
    heads: config.num_heads,
    patchNums: config.patch_nums,
    vocabSize: config.V,
    channels: config.Cvae,
    numClasses: config.num_classes,
    mlpRatio: 4,
    sharedAdaLN: config.shared_aln,
    attnL2Norm: config.attn_l2_norm,
    layerwiseNoiseDataEmbed: config.layerwise_n_d_embed,
  }
}

function llamaGenArchitecture(fixture: string): LlamaGenArchitecture {
  const { config } = loadFixture(fixture).meta
  return {
    family: 'llamagen',
    layers: config.n_layer,
    dim: config.dim,
    heads: config.n_head,
    ffnDim: llamaGenFfnDim(config.dim),
    vocabSize: config.vocab_size,
    channels: config.codebook_embed_dim,
    tokens: config.block_size,
    numClasses: config.num_classes,
  }
}

function tokenizer(fixture: string): NetworkSpec {
  const { config } = loadFixture(fixture).meta
  const architecture = config.patch_nums
    ? {
        family: 'var' as const,
        ch: config.ch,
        chMult,
        resBlocks: 2,
        zChannels: config.Cvae,
        vocabSize: config.V,
        patchNums: config.patch_nums,
        quantResi: 0.5,
        shareQuantResi: config.share_quant_resi,
      }
    : {
        family: 'llamagen' as const,
        ch: config.ch,
        chMult: config.ch_mult,
        resBlocks: 2,
        zChannels: config.z_channels,
        embedDim: config.codebook_embed_dim,
        vocabSize: config.codebook_size,
      }
  return { kind: 'tokenizer', architecture }
}

const transformer = (kind: 'student' | 'teacher', architecture: TransformerArchitecture): NetworkSpec => ({
  kind,
  architecture,
})

const varStudent = transformer('student', varArchitecture('var_tiny_dd'))
const llamaGenStudent = transformer('student', llamaGenArchitecture('llamagen_tiny_dd'))

describe('the expected shapes', () => {
  it.each<[file: string, path: string[], spec: NetworkSpec]>([
    ['var_tiny_dd.pth', ['trainer', 'ema_parameters'], varStudent],
    ['var_tiny_dd.pth', ['trainer', 'var_wo_ddp'], varStudent],
    ['var_micro_legacy.pth', ['trainer', 'ema_parameters'], transformer('student', varArchitecture('var_micro'))],
    ['var_tiny_teacher.pth', [], transformer('teacher', varArchitecture('var_tiny_teacher'))],
    ['var_tiny_vqvae.pth', [], tokenizer('var_tiny_vqvae')],
    ['llamagen_tiny_dd.pt', ['ema'], llamaGenStudent],
    ['llamagen_tiny_dd.pt', ['model'], llamaGenStudent],
    ['llamagen_micro_trainstate.pt', ['ema'], transformer('student', llamaGenArchitecture('llamagen_micro'))],
    ['llamagen_tiny_teacher.pt', ['model'], transformer('teacher', llamaGenArchitecture('llamagen_tiny_teacher'))],
    ['llamagen_tiny_vq.pt', ['model'], tokenizer('llamagen_tiny_vq')],
  ])('are those of %s at %j, in its order', async (file, path, spec) => {
    const checkpoint = await openFile(fixturePath(file))
    const found = [...checkpoint.tensors(path)].map(([name, tensor]) => [name, tensor.shape] as const)
    await checkpoint.close()
    const buffers = bufferShapes(spec)
    expect(found.filter(([name]) => !buffers.has(name))).toEqual([...expectedShapes(spec)])
    for (const [name, shape] of found) if (buffers.has(name)) expect(shape).toEqual(buffers.get(name))
  })

  it('of a full state dict include every buffer', async () => {
    const checkpoint = await openFile(fixturePath('var_tiny_dd.pth'))
    const names = new Set(checkpoint.tensors(['trainer', 'var_wo_ddp']).keys())
    await checkpoint.close()
    expect(names).toEqual(new Set([...expectedShapes(varStudent).keys(), ...bufferShapes(varStudent).keys()]))
  })

  it('of a released student are those the authors name', () => {
    const shapes = expectedShapes(findModel('var-dd-d16'))
    expect(shapes.get('blocks.15.attn.mat_qkv.weight')).toEqual([3072, 1024])
    expect(shapes.get('pos_1LC')).toEqual([1, 681, 1024])
    expect(shapes.get('layerwise_n_d_embed.16.weight')).toEqual([1024, 1024])
    expect(expectedShapes(findModel('llamagen-l')).get('layers.0.feed_forward.w2.weight')).toEqual([1024, 2816])
  })

  it('of shared AdaLN have one projection and a table per block', () => {
    const architecture: VarArchitecture = { ...varArchitecture('var_tiny_dd'), sharedAdaLN: true, attnL2Norm: false }
    const shapes = expectedShapes({ kind: 'teacher', architecture })
    expect(shapes.get('shared_ada_lin.1.weight')).toEqual([6 * 192, 192])
    expect(shapes.get('blocks.2.ada_gss')).toEqual([1, 1, 6, 192])
    expect([...shapes.keys()].filter((name) => /blocks.*(ada_lin|scale_mul)/.test(name))).toEqual([])
  })
})
