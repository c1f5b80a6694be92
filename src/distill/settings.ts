// The settings of every training here, each with its default, its unit, where the default comes from, and its range with
// the reason for the limit. The training of Distilled Decoding was never released: what paper and code leave open is marked
// "ours". Sizes are those of the sprites. setting-checks.ts has the checks of several settings together.

import { defaultTeacher } from '../sampling/plan.ts'
import { between, choice, listOf, positive, wholeNumber } from './knob-values.ts'
import { knob, knobs } from './knobs.ts'
import { schedules } from './schedule.ts'

const ours = 'ours' as const
const upstream = 'upstream code' as const

const seed = wholeNumber(0, Number.MAX_SAFE_INTEGER, 'larger numbers are not exact')
const stepCount = (low: number) => wholeNumber(low, 99_999_999, 'names of checkpoints have eight digits')
const weight = between(0, 100, 'a term with more weight than that hides all others')

interface Defaults {
  steps: number
  batch: number
  microBatch: number
  lr: number
  weightDecay: number
  emaDecay: number
  clip: number
}

/** The settings of the trainer. */
const trainer = (d: Defaults) => ({
  seed: knob(0, { provenance: ours, note: 'seed of the initial weights and of the order of the data', schema: seed }),
  steps: knob(d.steps, { unit: 'steps', provenance: ours, note: 'length of the run', schema: stepCount(1) }),
  batch: knob(d.batch, {
    unit: 'examples a step',
    provenance: ours,
    note: 'size of a batch, over all processes',
    schema: wholeNumber(1, 65_536, 'every micro-batch of a step is a run of its own; no recipe has larger batches'),
  }),
  microBatch: knob(d.microBatch, {
    unit: 'examples',
    provenance: ours,
    note: 'examples whose gradients are computed at once; small numbers fit the cache',
    schema: wholeNumber(1, 4096, 'all activations of a micro-batch are in memory at once'),
  }),
  lr: knob(d.lr, { provenance: ours, note: 'peak learning rate', schema: positive(1e30, 'weights are float32') }),
  schedule: knob('cosine', { provenance: ours, note: 'learning rate after the warm-up', schema: choice(...schedules) }),
  warmupSteps: knob(Math.ceil(d.steps / 50), {
    unit: 'steps',
    provenance: ours,
    note: 'linear warm-up',
    schema: stepCount(0),
  }),
  floor: knob(0.02, { provenance: ours, note: 'share of the learning rate at the end', schema: between(0, 1) }),
  betas: knob([0.9, 0.95], {
    provenance: upstream,
    note: "decay of AdamW's moments; VAR/utils/arg_util.py",
    schema: listOf(between(0, 0.999999, 'at 1 a moment forgets nothing'), { from: 2, to: 2, why: 'two moments' }),
  }),
  weightDecay: knob(d.weightDecay, {
    provenance: upstream,
    note: 'weight decay, of matrices only',
    schema: between(0, 1),
  }),
  clip: knob(d.clip, {
    provenance: upstream,
    note: 'gradients are shortened to this length; 0 never',
    schema: between(0, 1e6, '0 does what larger ones would'),
  }),
  emaDecay: knob(d.emaDecay, {
    unit: 'a step',
    provenance: ours,
    note: 'decay of the average of the weights',
    schema: between(0, 1),
  }),
  heldOut: knob(960, {
    unit: 'examples',
    provenance: ours,
    note: 'most examples that are held out of training',
    schema: wholeNumber(1, 1_000_000, 'the indices of held-out examples are in memory'),
  }),
  heldOutShare: knob(0.1, {
    unit: 'of all examples',
    provenance: ours,
    note: 'share that is held out, so that small data sets keep most examples',
    schema: between(0, 0.5, 'half of the data at least is for training'),
  }),
  validateEvery: knob(200, {
    unit: 'steps',
    provenance: ours,
    note: 'steps between validations; 0 never',
    schema: stepCount(0),
  }),
  sheetEvery: knob(500, {
    unit: 'steps',
    provenance: ours,
    note: 'steps between sample sheets; 0 never',
    schema: stepCount(0),
  }),
  checkpointEvery: knob(200, {
    unit: 'steps',
    provenance: ours,
    note: 'steps between checkpoints; 0: only at the end',
    schema: stepCount(0),
  }),
})

const dataKnobs = {
  imageSize: knob(32, {
    unit: 'pixels',
    provenance: ours,
    note: 'side of the images',
    schema: wholeNumber(8, 1024, 'the largest images that any released model of the two families makes are 512'),
  }),
  dataSeed: knob(0, {
    provenance: ours,
    note: 'seed of the sprites',
    schema: wholeNumber(0, 999, 'sprites of the seeds from 1000 on are the reference of evaluations'),
  }),
}

const widest = 'no released network of the method is wider'
const deepest = 'no released network of the method is deeper'
const width = wholeNumber(1, 4096, widest)
const entries = wholeNumber(2, 65_536, 'the released tokenizers have 16384 at most')
const multipliers = listOf(wholeNumber(1, 64, widest), {
  from: 1,
  to: 8,
  why: 'every level but the first halves the image',
})
const group = wholeNumber(0, 4096, 'no model here has more groups of tokens')

export const classifierSettings = knobs({
  ...trainer({ steps: 1500, batch: 64, microBatch: 32, lr: 1e-3, weightDecay: 0.01, emaDecay: 0.99, clip: 1 }),
  ...dataKnobs,
  channels: knob([32, 64, 96, 128], {
    provenance: ours,
    note: 'channels of the four convolutions',
    schema: listOf(width, { from: 4, to: 4, why: 'one for each convolution' }),
  }),
})

export const tokenizerSettings = knobs({
  ...trainer({ steps: 4000, batch: 32, microBatch: 32, lr: 1e-3, weightDecay: 0, emaDecay: 0.995, clip: 1 }),
  ...dataKnobs,
  ch: knob(16, { provenance: ours, note: 'channels at full resolution', schema: wholeNumber(4, 1024, widest) }),
  chMult: knob([1, 2, 4], { provenance: ours, note: 'multiples of ch, level by level', schema: multipliers }),
  resBlocks: knob(1, { provenance: ours, note: 'residual blocks per level', schema: wholeNumber(1, 16, deepest) }),
  normGroups: knob(8, { provenance: ours, note: 'groups of every GroupNorm', schema: wholeNumber(1, 1024, widest) }),
  vocabSize: knob(256, { unit: 'codes', provenance: ours, note: 'size of the codebook', schema: entries }),
  channels: knob(8, { provenance: 'paper', note: 'width of a code; LlamaGen 8, VAR 32', schema: width }),
  patchNums: knob([1, 2, 3, 4, 6, 8], {
    provenance: ours,
    note: 'sides of the scales (VAR)',
    schema: listOf(wholeNumber(1, 64, 'attention over more tokens does not fit into memory'), {
      from: 2,
      to: 16,
      why: 'guidance grows from the first scale to the last; the released models have 10',
    }),
  }),
  commitment: knob(0.25, {
    provenance: upstream,
    note: 'weight of the distance from features to their codes',
    schema: weight,
  }),
  l1Weight: knob(1, { provenance: ours, note: "weight of the pixels' absolute error", schema: weight }),
  l2Weight: knob(1, { provenance: ours, note: "weight of the pixels' squared error", schema: weight }),
  perceptualWeight: knob(0.3, {
    provenance: ours,
    note: "weight of the distance in the classifier's features",
    schema: weight,
  }),
  reviveEvery: knob(50, {
    unit: 'steps',
    provenance: ours,
    note: 'steps after which unused codes are moved to features',
    schema: stepCount(1),
  }),
})

export const teacherSettings = knobs({
  ...trainer({ steps: 4000, batch: 64, microBatch: 16, lr: 1.5e-3, weightDecay: 0.05, emaDecay: 0.998, clip: 2 }),
  ...dataKnobs,
  depth: knob(6, {
    unit: 'blocks',
    provenance: ours,
    note: 'depth of the transformer',
    schema: wholeNumber(1, 128, deepest),
  }),
  dim: knob(160, { provenance: ours, note: 'width of the transformer', schema: wholeNumber(16, 8192, widest) }),
  heads: knob(5, { provenance: ours, note: 'heads of the attention', schema: wholeNumber(1, 128, widest) }),
  classDropout: knob(0.1, {
    provenance: upstream,
    note: 'share of examples without a class, for guidance',
    schema: between(0, 1),
  }),
  images: knob(40000, {
    unit: 'images',
    provenance: ours,
    note: 'images that are tokenized once and then used repeatedly',
    schema: wholeNumber(1, 10_000_000, 'their tokens are in memory'),
  }),
  cfg: knob(defaultTeacher.cfg, {
    provenance: ours,
    note: 'guidance of the sample sheets',
    schema: between(0, 100, 'published models use 4 at most'),
  }),
})

export const studentSettings = knobs({
  ...trainer({ steps: 4000, batch: 64, microBatch: 16, lr: 1e-3, weightDecay: 0.05, emaDecay: 0.998, clip: 2 }),
  timesteps: knob([0, 3], {
    unit: 'finished groups',
    provenance: 'paper',
    note: 'states of the trajectory that the student sees',
    schema: listOf(group, { from: 1, to: 64, why: 'each is a step of sampling, and few steps are the purpose' }),
  }),
  firstShare: knob(0.6, {
    provenance: ours,
    note: 'share of micro-batches at the first timestep, pure noise',
    schema: between(0, 1),
  }),
  split: knob(3, {
    unit: 'groups',
    provenance: ours,
    note: 'groups that sampling takes from the logits',
    schema: group,
  }),
  crossEntropyWeight: knob(1, { provenance: ours, note: 'weight of the cross-entropy of the logits', schema: weight }),
  perceptualWeight: knob(1, {
    provenance: ours,
    note: 'weight of the perceptual distance between decoded images',
    schema: weight,
  }),
  pixelWeight: knob(1, { provenance: ours, note: "weight of the decoded images' absolute error", schema: weight }),
  embeddingWeight: knob(1, {
    provenance: ours,
    note: "weight of the continuous tokens' squared error",
    schema: weight,
  }),
})
