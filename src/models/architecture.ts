// What each network is, in the numbers that fix its tensors. Heads and patch sizes are listed because shapes alone
// cannot always tell them. Sources: VAR/models/__init__.py:build_vae_var, LlamaGen/autoregressive/models/gpt.py,
// VAR/models/vqvae.py, LlamaGen/tokenizer/tokenizer_image/vq_model.py.

/** Transformer of VAR and VAR-DD (arXiv 2404.02905): next-scale prediction, AdaLN. */
export interface VarArchitecture {
  readonly family: 'var'
  readonly depth: number
  readonly embedDim: number
  readonly heads: number
  /** Side of each scale, in tokens; the student's extra leading level for the class token is not listed. */
  readonly patchNums: readonly number[]
  readonly vocabSize: number
  /** Width of a codebook entry. */
  readonly channels: number
  readonly numClasses: number
  readonly mlpRatio: number
  /** One AdaLN projection for all blocks, plus a table per block. */
  readonly sharedAdaLN: boolean
  /** Queries and keys are l2-normalised and scaled by a learned factor per head. */
  readonly attnL2Norm: boolean
  /** The student has a Linear per block for the data/noise embedding; the teacher has none. */
  readonly layerwiseNoiseDataEmbed: boolean
}

/** Transformer of LlamaGen and LlamaGen-DD (arXiv 2406.06525): next-token prediction, RMSNorm, SwiGLU, 2-D RoPE. */
export interface LlamaGenArchitecture {
  readonly family: 'llamagen'
  readonly layers: number
  readonly dim: number
  readonly heads: number
  readonly ffnDim: number
  readonly vocabSize: number
  /** Width of a codebook entry. */
  readonly channels: number
  /** Positions of an image: the square of the token grid's side. */
  readonly tokens: number
  readonly numClasses: number
}

/** VAR's multi-scale residual VQVAE. */
export interface VarVqvaeArchitecture {
  readonly family: 'var'
  readonly ch: number
  readonly chMult: readonly number[]
  readonly resBlocks: number
  readonly zChannels: number
  readonly vocabSize: number
  readonly patchNums: readonly number[]
  /** Groups of the GroupNorms; 32 when left out, as in the released model. */
  readonly normGroups?: number
  /** phi(h) = (1 - quantResi) h + quantResi conv(h). */
  readonly quantResi: number
  /** How many phi's the scales share. */
  readonly shareQuantResi: number
}

/** LlamaGen's VQGAN with an l2-normalised codebook. */
export interface LlamaGenVqArchitecture {
  readonly family: 'llamagen'
  readonly ch: number
  readonly chMult: readonly number[]
  readonly resBlocks: number
  readonly zChannels: number
  /** Width of a codebook entry. */
  readonly embedDim: number
  readonly vocabSize: number
  /** Groups of the GroupNorms; 32 when left out, as in the released model. */
  readonly normGroups?: number
}

export type TransformerArchitecture = VarArchitecture | LlamaGenArchitecture
export type TokenizerArchitecture = VarVqvaeArchitecture | LlamaGenVqArchitecture
export type Architecture = TransformerArchitecture | TokenizerArchitecture

/** A network's role and numbers: all that its tensor names and shapes depend on. */
export type NetworkSpec =
  | { readonly kind: 'student' | 'teacher'; readonly architecture: TransformerArchitecture }
  | { readonly kind: 'tokenizer'; readonly architecture: TokenizerArchitecture }

/** Tokens of each group that is predicted at once: VAR's scales, LlamaGen's single tokens. */
export function groupSizes(architecture: TransformerArchitecture): number[] {
  if (architecture.family === 'var') return architecture.patchNums.map((side) => side * side)
  return new Array(architecture.tokens).fill(1)
}

/** Width of LlamaGen's SwiGLU: two thirds of 4 x dim, rounded up to a multiple of 256 (gpt.py:FeedForward). */
export function llamaGenFfnDim(dim: number): number {
  return Math.ceil(Math.trunc((8 * dim) / 3) / 256) * 256
}
