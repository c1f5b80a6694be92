// The names and shapes of every tensor a network needs, from its architecture alone and in the order of the released
// state dicts. Loading checks against it; benchmarks fill it with random weights.
// Sources: the modules' __init__ in VAR/models/{var,dd,basic_var,basic_vae,quant}.py and LlamaGen's gpt.py, dd.py, vq_model.py.

import { sizeOf } from '../core/dtype.ts'
import type {
  LlamaGenArchitecture,
  LlamaGenVqArchitecture,
  NetworkSpec,
  VarArchitecture,
  VarVqvaeArchitecture,
} from './architecture.ts'

type Row = [name: string, shape: number[]]

/**
 * Names and shapes of the parameters of a network: what every state dict of it must hold.
 *
 * @example
 * expectedShapes(findModel('var-dd-d16')).get('head.weight') // [4096, 1024]
 */
export function expectedShapes(spec: NetworkSpec): Map<string, number[]> {
  return new Map(spec.kind === 'tokenizer' ? tokenizerRows(spec.architecture) : transformerRows(spec))
}

/** Names and shapes of the buffers that full state dicts hold besides (EMA ones do not) and that nothing here needs. */
export function bufferShapes(spec: NetworkSpec): Map<string, number[]> {
  if (spec.kind === 'tokenizer') {
    const { architecture: a } = spec
    return new Map<string, number[]>(
      a.family === 'var'
        ? [['quantize.ema_vocab_hit_SV', [a.patchNums.length, a.vocabSize]]]
        : [['quantize.codebook_used', [65536]]],
    )
  }
  if (spec.architecture.family === 'llamagen') return new Map()
  const { depth, embedDim } = spec.architecture
  const length = varLength(spec.architecture, spec.kind === 'student')
  return new Map<string, number[]>([
    ['lvl_1L', [1, length]],
    ['attn_bias_for_masking', [1, 1, length, length]],
    ...each(depth, (i): Row[] => [[`blocks.${i}.attn.zero_k_bias`, [embedDim]]]),
  ])
}

/** Number of parameters of a network. */
export function parameterCount(spec: NetworkSpec): number {
  return [...expectedShapes(spec).values()].reduce((sum, shape) => sum + sizeOf(shape), 0)
}

const each = (n: number, rows: (i: number) => Row[]): Row[] => Array.from({ length: n }, (_, i) => rows(i)).flat()

const linear = (name: string, outputs: number, inputs: number): Row[] => [
  [`${name}.weight`, [outputs, inputs]],
  [`${name}.bias`, [outputs]],
]

function transformerRows(spec: Exclude<NetworkSpec, { kind: 'tokenizer' }>): Row[] {
  const student = spec.kind === 'student'
  return spec.architecture.family === 'var'
    ? varRows(spec.architecture, student)
    : llamaGenRows(spec.architecture, student)
}

/** Positions of the transformer; the student's sequence starts with the class token as a level of its own. */
function varLength(a: VarArchitecture, student: boolean): number {
  return a.patchNums.reduce((sum, side) => sum + side * side, student ? 1 : 0)
}

function varRows(a: VarArchitecture, student: boolean): Row[] {
  const c = a.embedDim
  const hidden = Math.round(c * a.mlpRatio)
  return [
    ['pos_start', [1, 1, c]],
    ['pos_1LC', [1, varLength(a, student), c]],
    ...linear('word_embed', c, a.channels),
    ['class_emb.weight', [a.numClasses + 1, c]],
    ['lvl_embed.weight', [a.patchNums.length + (student ? 1 : 0), c]],
    ...(a.sharedAdaLN ? linear('shared_ada_lin.1', 6 * c, c) : []),
    ...each(a.depth, (i) => {
      const block = `blocks.${i}`
      return [
        ...(a.sharedAdaLN ? ([[`${block}.ada_gss`, [1, 1, 6, c]]] as Row[]) : []),
        ...(a.attnL2Norm ? ([[`${block}.attn.scale_mul_1H11`, [1, a.heads, 1, 1]]] as Row[]) : []),
        [`${block}.attn.q_bias`, [c]],
        [`${block}.attn.v_bias`, [c]],
        [`${block}.attn.mat_qkv.weight`, [3 * c, c]],
        ...linear(`${block}.attn.proj`, c, c),
        ...linear(`${block}.ffn.fc1`, hidden, c),
        ...linear(`${block}.ffn.fc2`, c, hidden),
        ...(a.sharedAdaLN ? [] : linear(`${block}.ada_lin.1`, 6 * c, c)),
      ]
    }),
    ...linear('head_nm.ada_lin.1', 2 * c, c),
    ...linear('head', a.vocabSize, c),
    ...(student
      ? ([
          ['n_d_embed.weight', [2, c]],
          ...each(a.layerwiseNoiseDataEmbed ? a.depth + 1 : 0, (i) => linear(`layerwise_n_d_embed.${i}`, c, c)),
          ...continuousHead(c, a.channels),
        ] as Row[])
      : []),
  ]
}

function llamaGenRows(a: LlamaGenArchitecture, student: boolean): Row[] {
  return [
    ['cls_embedding.embedding_table.weight', [a.numClasses + 1, a.dim]],
    ...(student
      ? linear('tok_embeddings', a.dim, a.channels)
      : ([['tok_embeddings.weight', [a.vocabSize, a.dim]]] as Row[])),
    ...each(a.layers, (i) => [
      [`layers.${i}.attention.wqkv.weight`, [3 * a.dim, a.dim]],
      [`layers.${i}.attention.wo.weight`, [a.dim, a.dim]],
      [`layers.${i}.feed_forward.w1.weight`, [a.ffnDim, a.dim]],
      [`layers.${i}.feed_forward.w3.weight`, [a.ffnDim, a.dim]],
      [`layers.${i}.feed_forward.w2.weight`, [a.dim, a.ffnDim]],
      [`layers.${i}.attention_norm.weight`, [a.dim]],
      [`layers.${i}.ffn_norm.weight`, [a.dim]],
    ]),
    ['norm.weight', [a.dim]],
    ['output.weight', [a.vocabSize, a.dim]],
    ...(student ? ([...continuousHead(a.dim, a.channels), ['n_d_embed.weight', [2, a.dim]]] as Row[]) : []),
  ]
}

const continuousHead = (dim: number, channels: number): Row[] => [
  ['final_layer_conti.scale_shift_table', [2, dim]],
  ...linear('final_layer_conti.linear', channels, dim),
]

const conv = (name: string, outputs: number, inputs: number, kernel = 3): Row[] => [
  [`${name}.weight`, [outputs, inputs, kernel, kernel]],
  [`${name}.bias`, [outputs]],
]

const norm = (name: string, channels: number): Row[] => [
  [`${name}.weight`, [channels]],
  [`${name}.bias`, [channels]],
]

const resnetBlock = (name: string, outputs: number, inputs: number): Row[] => [
  ...norm(`${name}.norm1`, inputs),
  ...conv(`${name}.conv1`, outputs, inputs),
  ...norm(`${name}.norm2`, outputs),
  ...conv(`${name}.conv2`, outputs, outputs),
  ...(inputs === outputs ? [] : conv(`${name}.nin_shortcut`, outputs, inputs, 1)),
]

/** Where the two autoencoders differ: how they call their parts, and whether q, k and v are one convolution. */
interface AutoencoderNames {
  encoderLevels: string
  decoderLevels: string
  /** The decoder counts its levels from the lowest resolution up. */
  lowestFirst: boolean
  block: string
  mid: [string, string, string]
  qkv: [name: string, multiple: number][]
}

const varNames: AutoencoderNames = {
  encoderLevels: 'down',
  decoderLevels: 'up',
  lowestFirst: false,
  block: 'block',
  mid: ['block_1', 'attn_1', 'block_2'],
  qkv: [['qkv', 3]],
}

const llamaGenNames: AutoencoderNames = {
  encoderLevels: 'conv_blocks',
  decoderLevels: 'conv_blocks',
  lowestFirst: true,
  block: 'res',
  mid: ['0', '1', '2'],
  qkv: [
    ['q', 1],
    ['k', 1],
    ['v', 1],
  ],
}

function attentionBlock(name: string, channels: number, names: AutoencoderNames): Row[] {
  return [
    ...norm(`${name}.norm`, channels),
    ...names.qkv.flatMap(([part, multiple]) => conv(`${name}.${part}`, multiple * channels, channels, 1)),
    ...conv(`${name}.proj_out`, channels, channels, 1),
  ]
}

function middle(name: string, channels: number, names: AutoencoderNames): Row[] {
  const [first, attention, second] = names.mid
  return [
    ...resnetBlock(`${name}.mid.${first}`, channels, channels),
    ...attentionBlock(`${name}.mid.${attention}`, channels, names),
    ...resnetBlock(`${name}.mid.${second}`, channels, channels),
  ]
}

interface AutoencoderSizes {
  ch: number
  chMult: readonly number[]
  resBlocks: number
  zChannels: number
}

function encoderRows({ ch, chMult, resBlocks, zChannels }: AutoencoderSizes, names: AutoencoderNames): Row[] {
  const last = chMult.length - 1
  const top = ch * chMult[last]!
  return [
    ...conv('encoder.conv_in', ch, 3),
    ...each(chMult.length, (i) => {
      const level = `encoder.${names.encoderLevels}.${i}`
      const inputs = ch * (chMult[i - 1] ?? 1)
      const width = ch * chMult[i]!
      return [
        ...each(resBlocks, (j) => resnetBlock(`${level}.${names.block}.${j}`, width, j === 0 ? inputs : width)),
        ...each(i === last ? resBlocks : 0, (j) => attentionBlock(`${level}.attn.${j}`, width, names)),
        ...(i === last ? [] : conv(`${level}.downsample.conv`, width, width)),
      ]
    }),
    ...middle('encoder', top, names),
    ...norm('encoder.norm_out', top),
    ...conv('encoder.conv_out', zChannels, top),
  ]
}

function decoderRows({ ch, chMult, resBlocks, zChannels }: AutoencoderSizes, names: AutoencoderNames): Row[] {
  const last = chMult.length - 1
  const top = ch * chMult[last]!
  const levels = chMult.map((multiple, i) => {
    const level = `decoder.${names.decoderLevels}.${names.lowestFirst ? last - i : i}`
    const inputs = ch * chMult[Math.min(i + 1, last)]!
    const width = ch * multiple
    return [
      ...each(resBlocks + 1, (j) => resnetBlock(`${level}.${names.block}.${j}`, width, j === 0 ? inputs : width)),
      ...each(i === last ? resBlocks + 1 : 0, (j) => attentionBlock(`${level}.attn.${j}`, width, names)),
      ...(i === 0 ? [] : conv(`${level}.upsample.conv`, width, width)),
    ]
  })
  return [
    ...conv('decoder.conv_in', top, zChannels),
    ...middle('decoder', top, names),
    ...(names.lowestFirst ? levels.reverse() : levels).flat(),
    ...norm('decoder.norm_out', ch * chMult[0]!),
    ...conv('decoder.conv_out', 3, ch * chMult[0]!),
  ]
}

function tokenizerRows(a: VarVqvaeArchitecture | LlamaGenVqArchitecture): Row[] {
  const names = a.family === 'var' ? varNames : llamaGenNames
  return [
    ...encoderRows(a, names),
    ...decoderRows(a, names),
    ...(a.family === 'var' ? varQuantizer(a) : llamaGenQuantizer(a)),
  ]
}

const varQuantizer = (a: VarVqvaeArchitecture): Row[] => [
  ...each(a.shareQuantResi, (i) => conv(`quantize.quant_resi.qresi_ls.${i}`, a.zChannels, a.zChannels)),
  ['quantize.embedding.weight', [a.vocabSize, a.zChannels]],
  ...conv('quant_conv', a.zChannels, a.zChannels),
  ...conv('post_quant_conv', a.zChannels, a.zChannels),
]

const llamaGenQuantizer = (a: LlamaGenVqArchitecture): Row[] => [
  ['quantize.embedding.weight', [a.vocabSize, a.embedDim]],
  ...conv('quant_conv', a.embedDim, a.zChannels, 1),
  ...conv('post_quant_conv', a.zChannels, a.embedDim, 1),
]
