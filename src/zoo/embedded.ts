// Models that come with the package (models/README.md). The untrained one has random weights: it shows that the whole
// path works on a fresh machine, not what distillation can do.

import type { ClassList } from './classes.ts'
import type { ModelEntry } from './model-entry.ts'

const untrainedClasses: ClassList = {
  name: 'the untrained model',
  labels: Array.from({ length: 10 }, (_, i) => `noise ${i}`),
  sensitive: new Set(),
}

const untrained = { imageSize: 64, classes: untrainedClasses }

export const embedded: readonly ModelEntry[] = [
  {
    ...untrained,
    name: 'untrained-var-dd',
    kind: 'student',
    source: { package: 'models/untrained-var-dd.pth' },
    architecture: {
      family: 'var',
      depth: 1,
      embedDim: 64,
      heads: 1,
      patchNums: [1, 2, 3, 4],
      vocabSize: 128,
      channels: 16,
      numClasses: 10,
      mlpRatio: 4,
      sharedAdaLN: false,
      attnL2Norm: true,
      layerwiseNoiseDataEmbed: true,
    },
    tokenizer: 'untrained-var-vqvae',
    presets: [
      { steps: 1, timesteps: [0], split: 2 },
      { steps: 2, timesteps: [0, 2], split: 2 },
    ],
  },
  {
    ...untrained,
    name: 'untrained-var-vqvae',
    kind: 'tokenizer',
    source: { package: 'models/untrained-var-vqvae.pth' },
    architecture: {
      family: 'var',
      ch: 32,
      chMult: [1, 1, 2, 2, 4],
      resBlocks: 2,
      zChannels: 16,
      vocabSize: 128,
      patchNums: [1, 2, 3, 4],
      quantResi: 0.5,
      shareQuantResi: 4,
    },
  },
]
