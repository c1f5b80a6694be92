// The settings of every training here, each with its default, its unit and where the default comes from. The training of
// Distilled Decoding was never released: what paper and code leave open is marked "ours". Sizes are those of the sprites.

import { between, choice, listOf, positive, wholeNumber } from './knob-values.ts'
import { knob, knobs } from './knobs.ts'
import { schedules } from './schedule.ts'

const ours = 'ours' as const
const upstream = 'upstream code' as const

interface Defaults {
  steps: number
  batch: number
  microBatch: number
  lr: number
  weightDecay: number
  emaDecay: number
  clip: number
}

/** What the trainer itself takes. */
const trainer = (d: Defaults) => ({
  seed: knob(0, { provenance: ours, note: 'of initial weights and of the order of the data', schema: wholeNumber() }),
  steps: knob(d.steps, { unit: 'steps', provenance: ours, note: 'length of the run', schema: wholeNumber(1) }),
  batch: knob(d.batch, {
    unit: 'examples a step',
    provenance: ours,
    note: 'over all processes',
    schema: wholeNumber(1),
  }),
  microBatch: knob(d.microBatch, {
    unit: 'examples',
    provenance: ours,
    note: 'gradients computed at once: small ones stay in cache',
    schema: wholeNumber(1),
  }),
  lr: knob(d.lr, { provenance: ours, note: 'peak learning rate', schema: positive }),
  schedule: knob('cosine', { provenance: ours, note: 'learning rate after the warm-up', schema: choice(...schedules) }),
  warmupSteps: knob(Math.ceil(d.steps / 50), {
    unit: 'steps',
    provenance: ours,
    note: 'linear warm-up',
    schema: wholeNumber(),
  }),
  floor: knob(0.02, { provenance: ours, note: 'share of the learning rate at the end', schema: between(0, 1) }),
  betas: knob([0.9, 0.95], {
    provenance: upstream,
    note: "AdamW's moments; VAR/utils/arg_util.py",
    schema: listOf(between(0, 1)),
  }),
  weightDecay: knob(d.weightDecay, { provenance: upstream, note: 'of matrices only', schema: between(0, 1) }),
  clip: knob(d.clip, { provenance: upstream, note: 'longest gradient; 0 leaves all', schema: between(0, 1e6) }),
  emaDecay: knob(d.emaDecay, {
    unit: 'a step',
    provenance: ours,
    note: 'average of the weights',
    schema: between(0, 1),
  }),
  heldOut: knob(960, { unit: 'examples', provenance: ours, note: 'never trained on', schema: wholeNumber(1) }),
  validateEvery: knob(200, { unit: 'steps', provenance: ours, note: '0 never', schema: wholeNumber() }),
  sheetEvery: knob(500, { unit: 'steps', provenance: ours, note: 'sample sheets; 0 never', schema: wholeNumber() }),
  checkpointEvery: knob(200, { unit: 'steps', provenance: ours, note: '0: only at the end', schema: wholeNumber() }),
})

const dataKnobs = {
  imageSize: knob(32, { unit: 'pixels', provenance: ours, note: 'side of the images', schema: wholeNumber(8) }),
  dataSeed: knob(0, { provenance: ours, note: 'which sprites are drawn', schema: wholeNumber() }),
}

export const classifierSettings = knobs({
  ...trainer({ steps: 1500, batch: 64, microBatch: 32, lr: 1e-3, weightDecay: 0.01, emaDecay: 0.99, clip: 1 }),
  ...dataKnobs,
  channels: knob([32, 64, 96, 128], {
    provenance: ours,
    note: 'of the four convolutions',
    schema: listOf(wholeNumber(1)),
  }),
})

export const tokenizerSettings = knobs({
  ...trainer({ steps: 4000, batch: 32, microBatch: 32, lr: 1e-3, weightDecay: 0, emaDecay: 0.995, clip: 1 }),
  ...dataKnobs,
  ch: knob(16, { provenance: ours, note: 'channels at full resolution', schema: wholeNumber(4) }),
  chMult: knob([1, 2, 4], { provenance: ours, note: 'times ch, level by level', schema: listOf(wholeNumber(1)) }),
  resBlocks: knob(1, { provenance: ours, note: 'residual blocks a level', schema: wholeNumber(1) }),
  normGroups: knob(8, { provenance: ours, note: 'of every GroupNorm', schema: wholeNumber(1) }),
  vocabSize: knob(256, { unit: 'codes', provenance: ours, note: 'size of the codebook', schema: wholeNumber(2) }),
  channels: knob(8, { provenance: 'paper', note: 'width of a code; LlamaGen 8, VAR 32', schema: wholeNumber(1) }),
  patchNums: knob([1, 2, 3, 4, 6, 8], {
    provenance: ours,
    note: 'sides of the scales (VAR)',
    schema: listOf(wholeNumber(1)),
  }),
  commitment: knob(0.25, { provenance: upstream, note: 'weight of features towards codes', schema: between(0, 10) }),
  l1Weight: knob(1, { provenance: ours, note: 'absolute error of the pixels', schema: between(0, 100) }),
  l2Weight: knob(1, { provenance: ours, note: 'squared error of the pixels', schema: between(0, 100) }),
  perceptualWeight: knob(0.3, {
    provenance: ours,
    note: "distance in the classifier's features",
    schema: between(0, 100),
  }),
  reviveEvery: knob(50, {
    unit: 'steps',
    provenance: ours,
    note: 'unused codes are put where features are',
    schema: wholeNumber(1),
  }),
})

export const teacherSettings = knobs({
  ...trainer({ steps: 4000, batch: 64, microBatch: 16, lr: 1.5e-3, weightDecay: 0.05, emaDecay: 0.998, clip: 2 }),
  ...dataKnobs,
  depth: knob(6, { unit: 'blocks', provenance: ours, note: 'of the transformer', schema: wholeNumber(1) }),
  dim: knob(160, { provenance: ours, note: 'width of the transformer', schema: wholeNumber(16) }),
  heads: knob(5, { provenance: ours, note: 'of the attention', schema: wholeNumber(1) }),
  classDropout: knob(0.1, {
    provenance: upstream,
    note: 'share of examples without class, for guidance',
    schema: between(0, 1),
  }),
  images: knob(40000, {
    unit: 'images',
    provenance: ours,
    note: 'tokenized once and seen again',
    schema: wholeNumber(1),
  }),
  cfg: knob(1.5, { provenance: ours, note: 'guidance of the sample sheets', schema: between(0, 100) }),
})

export const studentSettings = knobs({
  ...trainer({ steps: 4000, batch: 64, microBatch: 16, lr: 1e-3, weightDecay: 0.05, emaDecay: 0.998, clip: 2 }),
  timesteps: knob([0, 3], {
    unit: 'finished groups',
    provenance: 'paper',
    note: 'where trajectories are entered',
    schema: listOf(wholeNumber()),
  }),
  firstShare: knob(0.6, {
    provenance: ours,
    note: 'share of micro-batches at the first timestep, pure noise',
    schema: between(0, 1),
  }),
  split: knob(3, {
    unit: 'groups',
    provenance: ours,
    note: 'taken from the logits when sampling',
    schema: wholeNumber(),
  }),
  crossEntropyWeight: knob(1, { provenance: ours, note: 'of the logits', schema: between(0, 100) }),
  perceptualWeight: knob(1, { provenance: ours, note: 'between decoded images', schema: between(0, 100) }),
  pixelWeight: knob(1, { provenance: ours, note: 'absolute error between decoded images', schema: between(0, 100) }),
  embeddingWeight: knob(1, {
    provenance: ours,
    note: 'squared error of the continuous tokens',
    schema: between(0, 100),
  }),
})
