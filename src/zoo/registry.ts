// The released models in one table: where their files are, what is in them, how to sample, and what was published.
// Figures are the authors' own and are never printed as ours. Sources: arXiv 2412.17153, the README
// files and sampling scripts of microsoft/distilled_decoding, FoundationVision/VAR and FoundationVision/LlamaGen.

import { nearest, UsageError } from '../core/errors.ts'
import { llamaGenFfnDim, type TransformerArchitecture } from '../models/architecture.ts'
import { type ClassList, imagenet } from './classes.ts'
import { embedded } from './embedded.ts'
import type { ModelEntry, Published, SamplingPreset, TeacherSampling } from './model-entry.ts'

const ddRepo = 'microsoft/distilled_decoding'
const varRepo = 'FoundationVision/var'
const llamaGenRepo = { repo: 'FoundationVision/LlamaGen', mirrors: ['peizesun/llamagen_c2i'] }

const patchNums = [1, 2, 3, 4, 5, 6, 8, 10, 13, 16]

/** VAR/models/__init__.py: width 64 x depth, one head per level; shared AdaLN only in the 512-pixel d36, not here. */
function varArchitecture(depth: number, layerwiseNoiseDataEmbed: boolean): TransformerArchitecture {
  return {
    family: 'var',
    depth,
    embedDim: 64 * depth,
    heads: depth,
    patchNums,
    vocabSize: 4096,
    channels: 32,
    numClasses: 1000,
    mlpRatio: 4,
    sharedAdaLN: false,
    attnL2Norm: true,
    layerwiseNoiseDataEmbed,
  }
}

/** LlamaGen/autoregressive/models/gpt.py:GPT_B ... GPT_XXL. */
function llamaGenArchitecture(layers: number, heads: number, dim: number, tokens: number): TransformerArchitecture {
  return {
    family: 'llamagen',
    layers,
    dim,
    heads,
    ffnDim: llamaGenFfnDim(dim),
    vocabSize: 16384,
    channels: 8,
    tokens,
    numClasses: 1000,
  }
}

// The distillation paper's teachers: VAR/combine_sample.py and LlamaGen's eval_combine_sample.py with their default cfg.
const varSampling: TeacherSampling = { cfg: 2, topK: 900, topP: 0.95, temperature: 1 }
const llamaGenSampling: TeacherSampling = { cfg: 2, topK: 8000, topP: 1, temperature: 1 }
// VAR's README ("for FID evaluation, use ...") and LlamaGen's GETTING_STARTED, for teachers that were not distilled.
const varOwnSampling: TeacherSampling = { cfg: 1.5, topK: 900, topP: 0.96, temperature: 1 }
const llamaGenOwnSampling: TeacherSampling = { cfg: 1.75, topK: 0, topP: 1, temperature: 1 }

const dd = (steps: number, fid: number, more: Partial<Published> = {}): Published => ({
  source: 'DD',
  steps,
  fid,
  ...more,
})

const scores = (inceptionScore: number, precision: number, recall: number) => ({ inceptionScore, precision, recall })

function varStudent(depth: number, presets: SamplingPreset[]): ModelEntry {
  return {
    name: `var-dd-d${depth}`,
    kind: 'student',
    source: { repo: ddRepo, file: `VAR-DD/var-d${depth}.pth` },
    imageSize: 256,
    architecture: varArchitecture(depth, true),
    teacher: `var-d${depth}`,
    tokenizer: 'var-vqvae',
    presets,
  }
}

function varTeacher(depth: number, sampling: TeacherSampling, published: Published): ModelEntry {
  return {
    name: `var-d${depth}`,
    kind: 'teacher',
    source: { repo: varRepo, file: `var_d${depth}.pth` },
    imageSize: 256,
    architecture: varArchitecture(depth, false),
    tokenizer: 'var-vqvae',
    sampling,
    published,
  }
}

function llamaGenStudent(
  size: 'B' | 'L',
  architecture: TransformerArchitecture,
  presets: SamplingPreset[],
): ModelEntry {
  return {
    name: `llamagen-dd-${size.toLowerCase()}`,
    kind: 'student',
    source: { repo: ddRepo, file: `LlamaGen-DD/llamagen-${size}.pt` },
    imageSize: 256,
    architecture,
    teacher: `llamagen-${size.toLowerCase()}`,
    tokenizer: 'llamagen-vq-ds16',
    presets,
  }
}

function llamaGenTeacher(
  size: 'B' | 'L' | 'XL' | 'XXL',
  imageSize: number,
  architecture: TransformerArchitecture,
  sampling: TeacherSampling,
  published: Published,
): ModelEntry {
  return {
    name: `llamagen-${size.toLowerCase()}`,
    kind: 'teacher',
    source: { ...llamaGenRepo, file: `c2i_${size}_${imageSize}.pt` },
    imageSize,
    architecture,
    tokenizer: 'llamagen-vq-ds16',
    sampling,
    published,
  }
}

const llamaGenB = llamaGenArchitecture(12, 12, 768, 256)
const llamaGenL = llamaGenArchitecture(24, 16, 1024, 256)

/** Every model of the zoo: students, teachers, tokenizers. */
export const models: readonly ModelEntry[] = [
  varStudent(16, [
    {
      steps: 1,
      timesteps: [0],
      split: 5,
      published: dd(1, 9.94, { ...scores(193.6, 0.8, 0.37), seconds: 0.021, speedup: 6.3 }),
    },
    {
      steps: 2,
      timesteps: [0, 5],
      split: 5,
      published: dd(2, 7.82, { ...scores(197, 0.8, 0.41), seconds: 0.036, speedup: 3.7 }),
    },
    { steps: 3, timesteps: [0, 5], split: 5, teacherFrom: 4, published: dd(3, 6.54) },
    { steps: 4, timesteps: [0, 5], split: 8, teacherFrom: 3, published: dd(4, 5.47) },
    { steps: 6, timesteps: [0, 5], split: 9, teacherFrom: 0, published: dd(6, 5.03) },
  ]),
  varStudent(20, [
    { steps: 1, timesteps: [0], split: 4, published: dd(1, 9.55, scores(197.2, 0.78, 0.38)) },
    { steps: 2, timesteps: [0, 4], split: 4, published: dd(2, 7.33, scores(204.5, 0.82, 0.4)) },
  ]),
  varStudent(24, [
    { steps: 1, timesteps: [0], split: 4, published: dd(1, 8.92, scores(202.8, 0.78, 0.39)) },
    { steps: 2, timesteps: [0, 4], split: 4, published: dd(2, 6.95, scores(222.5, 0.83, 0.43)) },
  ]),
  llamaGenStudent('B', llamaGenB, [
    { steps: 1, timesteps: [0], split: 80, published: dd(1, 15.5, scores(135.4, 0.76, 0.26)) },
    { steps: 2, timesteps: [0, 80], split: 80, published: dd(2, 11.17, scores(154.8, 0.8, 0.31)) },
  ]),
  llamaGenStudent('L', llamaGenL, [
    {
      steps: 1,
      timesteps: [0],
      split: 130,
      published: dd(1, 11.35, { ...scores(193.6, 0.81, 0.3), seconds: 0.023, speedup: 217.8 }),
    },
    {
      steps: 2,
      timesteps: [0, 80],
      split: 130,
      published: dd(2, 7.58, { ...scores(237.5, 0.84, 0.37), seconds: 0.043, speedup: 116.5 }),
    },
    { steps: 22, timesteps: [0, 80], split: 180, teacherFrom: 60, published: dd(22, 6.76) },
    { steps: 42, timesteps: [0, 80], split: 180, teacherFrom: 40, published: dd(42, 6.2) },
    { steps: 81, timesteps: [0, 80], split: 220, teacherFrom: 0, published: dd(81, 5.71) },
  ]),
  varTeacher(16, varSampling, dd(10, 4.19, scores(230.2, 0.84, 0.48))),
  varTeacher(20, varSampling, dd(10, 3.35, { inceptionScore: 301.4 })),
  varTeacher(24, varSampling, dd(10, 2.51, { inceptionScore: 312.2 })),
  varTeacher(30, varOwnSampling, { source: 'VAR', steps: 10, fid: 1.97 }),
  llamaGenTeacher('B', 256, llamaGenB, llamaGenSampling, dd(256, 5.42, scores(193.5, 0.83, 0.44))),
  llamaGenTeacher('L', 256, llamaGenL, llamaGenSampling, dd(256, 4.11, { inceptionScore: 283.5 })),
  // XL and XXL were only released for 384 pixels; their FID is of images scaled down to 256.
  llamaGenTeacher('XL', 384, llamaGenArchitecture(36, 20, 1280, 576), llamaGenOwnSampling, {
    source: 'LlamaGen',
    steps: 576,
    fid: 2.62,
  }),
  llamaGenTeacher('XXL', 384, llamaGenArchitecture(48, 24, 1536, 576), llamaGenOwnSampling, {
    source: 'LlamaGen',
    steps: 576,
    fid: 2.34,
  }),
  {
    name: 'var-vqvae',
    kind: 'tokenizer',
    source: { repo: varRepo, file: 'vae_ch160v4096z32.pth' },
    imageSize: 256,
    architecture: {
      family: 'var',
      ch: 160,
      chMult: [1, 1, 2, 2, 4],
      resBlocks: 2,
      zChannels: 32,
      vocabSize: 4096,
      patchNums,
      quantResi: 0.5,
      shareQuantResi: 4,
    },
  },
  {
    name: 'llamagen-vq-ds16',
    kind: 'tokenizer',
    source: { ...llamaGenRepo, file: 'vq_ds16_c2i.pt' },
    imageSize: 256,
    architecture: {
      family: 'llamagen',
      ch: 128,
      chMult: [1, 1, 2, 2, 4],
      resBlocks: 2,
      zChannels: 256,
      embedDim: 8,
      vocabSize: 16384,
    },
  },
  ...embedded,
]

const byName = new Map(models.map((entry) => [entry.name, entry]))

/**
 * The zoo's entry of that name; upper case and underscores are accepted.
 *
 * @throws UsageError with the nearest name.
 * @example
 * findModel('var-dd-d16').architecture.family // 'var'
 */
export function findModel(name: string): ModelEntry {
  const key = name.trim().toLowerCase().replaceAll('_', '-')
  const entry = byName.get(key)
  if (entry) return entry
  const near = nearest(key, byName.keys())
  throw new UsageError(`There is no model "${name}".`, {
    remedy: near ? `Did you mean "${near}"?` : `The zoo has ${[...byName.keys()].join(', ')}.`,
  })
}

/** The classes a model was trained on. */
export function classesOf(entry: ModelEntry): ClassList {
  return entry.classes ?? imagenet
}
