// Architecture from a state dict: everything that shapes can tell is read from them; the rest (LlamaGen's heads and
// token count, unusual scales) comes from a preset or the user's `config`.

import type { StateDict } from '../checkpoint/types.ts'
import { CheckpointError, nearest, UsageError } from '../core/errors.ts'
import { quote } from '../core/show.ts'
import type {
  LlamaGenArchitecture,
  LlamaGenVqArchitecture,
  VarArchitecture,
  VarVqvaeArchitecture,
} from './architecture.ts'

/** What shapes cannot tell. */
export interface ArchitectureHints {
  /** Which family it is; only compared with what the tensors say. */
  family?: 'var' | 'llamagen'
  /** Attention heads (LlamaGen; VAR without l2-normalised attention). */
  heads?: number
  /** Positions of an image (LlamaGen). */
  tokens?: number
  /** Side of every scale (VAR). */
  patchNums?: readonly number[]
}

const RELEASED_SCALES = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16]
/** Those of VAR-d36 for 512 x 512 pixels. */
const LARGE_SCALES = [1, 2, 3, 4, 6, 9, 13, 18, 24, 32]

const notSupported = (file: string, what: string, told: string) =>
  new CheckpointError(`${file} is ${what} (${told}), which is not supported.`, {
    remedy: 'Give a class-conditional model of 256 x 256 pixels.',
  })

/**
 * @throws CheckpointError when the tensors are those of a released network that this project does not run, saying which it is
 */
export function checkSupported(file: string, tensors: StateDict): void {
  if (!tensors.has('layers.0.attention.wqkv.weight')) return
  const text = [...tensors.keys()].find((name) => name.startsWith('cls_embedding.cap_proj.'))
  if (text) throw notSupported(file, 'a LlamaGen for text to image', `it holds ${quote(text)}`)
}

interface Reader {
  dim(name: string, axis: number): number
  has(name: string): boolean
  /** How many numbered modules `prefix`.0, `prefix`.1, ... there are. */
  count(prefix: string): number
}

function reader(file: string, tensors: StateDict): Reader {
  return {
    dim(name, axis) {
      const size = tensors.get(name)?.shape[axis]
      if (size !== undefined) return size
      const found = tensors.get(name)
      const similar = nearest(name, tensors.keys())
      const holds = found
        ? `, which has shape [${found.shape.join(', ')}]; expected ${axis + 1} or more dimensions`
        : `${similar ? `; the file holds "${similar}"` : ''}`
      throw new CheckpointError(`${file}: ${found ? 'misshapen' : 'no'} tensor "${name}"${holds}.`, {
        remedy: 'Is this the right checkpoint for the model? `distilled inspect` shows what it holds.',
      })
    },
    has: (name) => tensors.has(name),
    count(prefix) {
      const start = `${prefix}.`
      const numbers = new Set<string>()
      for (const name of tensors.keys()) {
        if (name.startsWith(start)) numbers.add(name.slice(start.length).split('.', 1)[0]!)
      }
      let n = 0
      while (numbers.has(String(n))) n++
      return n
    },
  }
}

/** VAR or VAR-DD; the student's extra leading level is not listed in `patchNums`. */
export function inferVar(file: string, tensors: StateDict, hints: ArchitectureHints = {}): VarArchitecture {
  const r = reader(file, tensors)
  const student = r.has('final_layer_conti.linear.weight')
  const embedDim = r.dim('word_embed.weight', 0)
  const attnL2Norm = r.has('blocks.0.attn.scale_mul_1H11')
  const extra = student ? 1 : 0
  const patchNums = scales(file, r.dim('lvl_embed.weight', 0) - extra, r.dim('pos_1LC', 1) - extra, hints.patchNums)
  return {
    family: 'var',
    depth: r.count('blocks'),
    embedDim,
    heads: attnL2Norm ? r.dim('blocks.0.attn.scale_mul_1H11', 1) : (hints.heads ?? embedDim / 64),
    patchNums,
    vocabSize: r.dim('head.bias', 0),
    channels: r.dim('word_embed.weight', 1),
    numClasses: r.dim('class_emb.weight', 0) - 1,
    mlpRatio: r.dim('blocks.0.ffn.fc1.weight', 0) / embedDim,
    sharedAdaLN: r.has('shared_ada_lin.1.weight'),
    attnL2Norm,
    layerwiseNoiseDataEmbed: r.has('layerwise_n_d_embed.0.weight'),
  }
}

/** The scales that fit the number of levels and positions: those asked for, the released ones, or 1, 2, 3 ... */
function scales(file: string, levels: number, length: number, hint?: readonly number[]): readonly number[] {
  const fits = (sides: readonly number[]) => sides.length === levels && sides.reduce((n, s) => n + s * s, 0) === length
  if (hint) {
    if (fits(hint)) return hint
    throw new UsageError(
      `The patchNums [${hint}] of \`config\` do not fit ${file}, which has ${levels} scales and ${length} tokens.`,
    )
  }
  const natural = Array.from({ length: levels }, (_, i) => i + 1)
  const found = [RELEASED_SCALES, natural].find(fits)
  if (found) return found
  if (fits(LARGE_SCALES)) throw notSupported(file, 'a VAR of 512 x 512 pixels', `${levels} scales, ${length} tokens`)
  throw new UsageError(`${file} has ${levels} scales and ${length} tokens, which no known list of scales fits.`, {
    remedy: 'Give the sides: `config: { patchNums: [1, 2, 4] }`.',
    shellRemedy: 'Give the sides in a file, --config FILE.json: {"patchNums": [1, 2, 4]}',
  })
}

/** What to do where a LlamaGen's number of tokens was taken for another than it is. */
export const tokensUnknown = {
  remedy:
    'Shapes do not tell the tokens of a LlamaGen model; where they are others, load it with `config: { heads: 4, tokens: 16 }`.',
  shellRemedy:
    'Shapes do not tell the tokens of a LlamaGen model; where they are others, name them in --config FILE.json: {"heads": 4, "tokens": 16}',
}

/** Head counts of the released sizes (gpt.py:GPT_models), by layers x width. */
const headsBySize = new Map([
  ['12x768', 12],
  ['24x1024', 16],
  ['36x1280', 20],
  ['48x1536', 24],
])

export function inferLlamaGen(file: string, tensors: StateDict, hints: ArchitectureHints = {}): LlamaGenArchitecture {
  checkSupported(file, tensors)
  const r = reader(file, tensors)
  const dim = r.dim('norm.weight', 0)
  const layers = r.count('layers')
  const heads = hints.heads ?? headsBySize.get(`${layers}x${dim}`)
  if (heads === undefined) {
    throw new UsageError(
      `${file}: no released LlamaGen has ${layers} layers of width ${dim}, and shapes do not tell its heads.`,
      {
        remedy: 'Give them: `config: { heads: 4, tokens: 256 }`.',
        shellRemedy: 'Give them in a file, --config FILE.json: {"heads": 4, "tokens": 256}',
      },
    )
  }
  if (dim % heads) throw new UsageError(`${heads} heads do not divide the width ${dim} of ${file}.`)
  const tokens = hints.tokens ?? toldTokens(file, tensors) ?? 256
  if (!Number.isInteger(Math.sqrt(tokens)))
    throw new UsageError(`${tokens} tokens are no square grid (${file}).`, tokensUnknown)
  const student = r.has('final_layer_conti.linear.weight')
  return {
    family: 'llamagen',
    layers,
    dim,
    heads,
    ffnDim: r.dim('layers.0.feed_forward.w1.weight', 0),
    vocabSize: r.dim('output.weight', 0),
    channels: student ? r.dim('tok_embeddings.weight', 1) : 0,
    tokens,
    numClasses: r.dim('cls_embedding.embedding_table.weight', 0) - 1,
  }
}

/** Tokens of an image where a table of rotary positions in the file tells them: one row is for the class token. */
function toldTokens(file: string, tensors: StateDict): number | undefined {
  const rows = tensors.get('freqs_cis')?.shape[0]
  if (rows === undefined) return undefined
  const side = 16 * Math.sqrt(rows - 1)
  if (rows - 1 === 576 || rows - 1 === 1024) {
    throw notSupported(file, `a LlamaGen of ${side} x ${side} pixels`, `"freqs_cis" has ${rows} rows`)
  }
  return rows - 1
}

/** @param patchNums the transformer's scales; the quantiser's shapes do not tell them */
export function inferVarVqvae(file: string, tensors: StateDict, patchNums: readonly number[]): VarVqvaeArchitecture {
  const r = reader(file, tensors)
  const ch = r.dim('decoder.conv_out.weight', 1)
  return {
    family: 'var',
    ch,
    chMult: Array.from(
      { length: r.count('decoder.up') },
      (_, i) => r.dim(`decoder.up.${i}.block.0.conv1.weight`, 0) / ch,
    ),
    resBlocks: r.count('decoder.up.0.block') - 1,
    zChannels: r.dim('quantize.embedding.weight', 1),
    vocabSize: r.dim('quantize.embedding.weight', 0),
    patchNums,
    quantResi: 0.5,
    shareQuantResi: r.count('quantize.quant_resi.qresi_ls'),
  }
}

export function inferLlamaGenVq(file: string, tensors: StateDict): LlamaGenVqArchitecture {
  const r = reader(file, tensors)
  const ch = r.dim('decoder.conv_out.weight', 1)
  const levels = r.count('decoder.conv_blocks') // lowest resolution, widest, first
  return {
    family: 'llamagen',
    ch,
    chMult: Array.from(
      { length: levels },
      (_, i) => r.dim(`decoder.conv_blocks.${levels - 1 - i}.res.0.conv1.weight`, 0) / ch,
    ),
    resBlocks: r.count('decoder.conv_blocks.0.res') - 1,
    zChannels: r.dim('decoder.conv_in.weight', 1),
    embedDim: r.dim('quantize.embedding.weight', 1),
    vocabSize: r.dim('quantize.embedding.weight', 0),
  }
}
