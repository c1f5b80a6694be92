// Models that come with the package, trained by its own pipeline on the sprites it draws itself (models/README.md): both
// families with student, teacher and tokenizer, so that everything works on a fresh machine without a download.

import type { TokenizerArchitecture, TransformerArchitecture } from '../models/architecture.ts'
import type { ClassList } from './classes.ts'
import type { ModelEntry, SamplingPreset, TeacherSampling } from './model-entry.ts'

const spriteClasses: ClassList = {
  name: 'the sprites',
  labels: ['fish', 'house', 'tree', 'boat', 'mushroom', 'cat', 'car', 'flower', 'rocket', 'cup', 'key', 'star'],
  sensitive: new Set(),
}

const sizes = { ch: 16, chMult: [1, 2, 4], resBlocks: 1, normGroups: 8, vocabSize: 256 }
const patchNums = [1, 2, 3, 4, 6, 8]

const varTokenizer: TokenizerArchitecture = {
  family: 'var',
  ...sizes,
  zChannels: 8,
  patchNums,
  quantResi: 0.5,
  shareQuantResi: 4,
}

const varTransformer: TransformerArchitecture = {
  family: 'var',
  depth: 6,
  embedDim: 128,
  heads: 4,
  patchNums,
  vocabSize: 256,
  channels: 8,
  numClasses: 12,
  mlpRatio: 4,
  sharedAdaLN: true,
  attnL2Norm: true,
  layerwiseNoiseDataEmbed: true,
}

const llamaGenTokenizer: TokenizerArchitecture = { family: 'llamagen', ...sizes, zChannels: 64, embedDim: 8 }

const llamaGenTransformer: TransformerArchitecture = {
  family: 'llamagen',
  layers: 6,
  dim: 160,
  heads: 5,
  ffnDim: 512,
  vocabSize: 256,
  channels: 8,
  tokens: 64,
  numClasses: 12,
}

interface Trio {
  student: string
  teacher: string
  tokenizer: string
  transformer: TransformerArchitecture
  decoder: TokenizerArchitecture
  sampling: TeacherSampling
  presets: readonly SamplingPreset[]
}

/** Student, teacher and tokenizer of one family. */
function trio({ student, teacher, tokenizer, transformer, decoder, sampling, presets }: Trio): ModelEntry[] {
  const common = { imageSize: 32, classes: spriteClasses }
  const file = (name: string) => ({ package: `models/${name}.safetensors` })
  return [
    {
      ...common,
      name: student,
      kind: 'student',
      source: file(student),
      architecture: transformer,
      teacher,
      tokenizer,
      presets,
    },
    {
      ...common,
      name: teacher,
      kind: 'teacher',
      source: file(teacher),
      architecture: transformer,
      tokenizer,
      sampling,
    },
    { ...common, name: tokenizer, kind: 'tokenizer', source: file(tokenizer), architecture: decoder },
  ]
}

export const embedded: readonly ModelEntry[] = [
  ...trio({
    student: 'sprites-var-dd',
    teacher: 'sprites-var',
    tokenizer: 'sprites-var-vqvae',
    transformer: varTransformer,
    decoder: varTokenizer,
    sampling: { cfg: 1.5, topK: 0, topP: 0, temperature: 1 },
    presets: [
      { steps: 1, timesteps: [0], split: 3 },
      { steps: 2, timesteps: [0, 3], split: 3 },
      { steps: 3, timesteps: [0, 3], split: 3, teacherFrom: 2 },
      { steps: 4, timesteps: [0, 3], split: 3, teacherFrom: 0 },
    ],
  }),
  ...trio({
    student: 'sprites-llamagen-dd',
    teacher: 'sprites-llamagen',
    tokenizer: 'sprites-llamagen-vq',
    transformer: llamaGenTransformer,
    decoder: llamaGenTokenizer,
    sampling: { cfg: 2, topK: 0, topP: 1, temperature: 1 },
    presets: [
      { steps: 1, timesteps: [0], split: 48 },
      { steps: 2, timesteps: [0, 24], split: 48 },
      { steps: 10, timesteps: [0, 24], split: 48, teacherFrom: 16 },
      { steps: 25, timesteps: [0, 24], split: 48, teacherFrom: 0 },
    ],
  }),
]
