// The trainings by name: each opens what it needs (data, earlier networks), sets up its task and runs it in its folder.

import { UsageError } from '../core/errors.ts'
import type { Dataset } from '../data/dataset.ts'
import type { Engine } from '../engine/types.ts'
import { fileSha256 } from '../jobs/node/manifest.ts'
import { llamaGenFfnDim, type TokenizerArchitecture, type TransformerArchitecture } from '../models/architecture.ts'
import type { ClassifierArchitecture } from '../models/classifier.ts'
import { checkPlan, type SamplingPlan } from '../sampling/plan.ts'
import type { Communicator } from './communicator.ts'
import { memoryWeights } from './frozen.ts'
import { studentFrom } from './init-student.ts'
import type { Resolved } from './knobs.ts'
import { type NamedPerceptual, openPerceptual } from './open-perceptual.ts'
import { openPairs } from './read-pairs.ts'
import { type RunOptions, runTask } from './run.ts'
import { checkClassifier, checkHeads, checkMicroBatch, checkPairs, checkTokenizer } from './setting-checks.ts'
import { classifierSettings, studentSettings, teacherSettings, tokenizerSettings } from './settings.ts'
import { sampleSheet, studentSheet } from './sheets.ts'
import { classifierTask } from './tasks/classifier.ts'
import { examples, heldOutOf } from './tasks/examples.ts'
import { studentTask } from './tasks/student.ts'
import { teacherTask } from './tasks/teacher.ts'
import { tokenStore } from './tasks/token-store.ts'
import { tokenizerTask } from './tasks/tokenizer.ts'
import { teacherDefaults, trainedFamily } from './trained-family.ts'
import { readTrained } from './trained-file.ts'

export type FamilyName = 'var' | 'llamagen'

/** The options of every stage. */
export interface StageContext
  extends Pick<RunOptions, 'folder' | 'engine' | 'init' | 'force' | 'signal' | 'onEvent' | 'note'> {
  engine: Engine
  communicator?: Communicator | undefined
}

/**
 * Trains the feature classifier; returns its file.
 * @throws UsageError when settings and data do not fit together; whatever `runTask` throws
 */
export async function trainClassifier(
  context: StageContext,
  data: Dataset,
  settings: Resolved<typeof classifierSettings>,
): Promise<string> {
  const architecture: ClassifierArchitecture = {
    family: 'classifier',
    channels: settings.channels,
    numClasses: data.classes.length,
  }
  checkMicroBatch(settings)
  checkClassifier(data)
  const task = classifierTask(architecture, { ...settings, examples: examples(data, settings) })
  return runTask({
    ...context,
    title: 'classifier',
    task,
    settings,
    config: { kind: 'classifier', data: data.origin ?? data.name, settings },
    rows: classifierSettings.rows(settings),
    network: { kind: 'classifier', architecture, classes: data.classes, imageSize: data.imageSize },
  })
}

/**
 * Trains a tokenizer of either family; returns its file.
 * @param features what looks alike: the file of a classifier, or what `openPerceptual` gives
 * @throws UsageError when settings and data do not fit together; whatever `runTask` throws
 */
export async function trainTokenizer(
  context: StageContext,
  data: Dataset,
  family: FamilyName,
  settings: Resolved<typeof tokenizerSettings>,
  features: string | NamedPerceptual,
): Promise<string> {
  const { ch, chMult, resBlocks, normGroups, vocabSize, channels, patchNums } = settings
  const sizes = { ch, chMult, resBlocks, normGroups, vocabSize }
  const architecture: TokenizerArchitecture =
    family === 'var'
      ? {
          family,
          ...sizes,
          zChannels: channels,
          patchNums,
          quantResi: 0.5,
          shareQuantResi: Math.min(4, patchNums.length),
        }
      : { family, ...sizes, zChannels: ch * chMult.at(-1)!, embedDim: channels }
  checkMicroBatch(settings)
  checkTokenizer(architecture, data.imageSize)
  const { perceptual, perceptualName } =
    typeof features === 'string' ? await openPerceptual({ classifier: features }) : features
  const [what, ...hashes] = perceptualName.split(' ')
  const { engine } = context
  const task = tokenizerTask(architecture, { ...settings, examples: examples(data, settings), engine, perceptual })
  return runTask({
    ...context,
    title: `${family} tokenizer`,
    task,
    settings,
    config: {
      kind: 'tokenizer',
      family,
      data: data.origin ?? data.name,
      [what!.toLowerCase()]: hashes.join(' '),
      settings,
    },
    rows: tokenizerSettings.rows(settings),
    network: { kind: 'tokenizer', architecture, classes: data.classes, imageSize: data.imageSize },
  })
}

/** The transformer that fits a tokenizer, in the given size. */
export function transformerFor(
  tokenizer: TokenizerArchitecture,
  { depth, dim, heads }: { depth: number; dim: number; heads: number },
  data: { numClasses: number; imageSize: number },
): TransformerArchitecture {
  const { vocabSize } = tokenizer
  if (tokenizer.family === 'llamagen') {
    return {
      family: 'llamagen',
      layers: depth,
      dim,
      heads,
      ffnDim: llamaGenFfnDim(dim),
      vocabSize,
      channels: tokenizer.embedDim,
      tokens: (data.imageSize / 2 ** (tokenizer.chMult.length - 1)) ** 2,
      numClasses: data.numClasses,
    }
  }
  return {
    family: 'var',
    depth,
    embedDim: dim,
    heads,
    patchNums: tokenizer.patchNums,
    vocabSize,
    channels: tokenizer.zChannels,
    numClasses: data.numClasses,
    mlpRatio: 4,
    sharedAdaLN: true,
    attnL2Norm: true,
    layerwiseNoiseDataEmbed: true,
  }
}

/**
 * Trains a teacher on the tokens of a data set; returns its file.
 * @throws UsageError when settings, data and tokenizer do not fit together; whatever `runTask` throws
 */
export async function trainTeacher(
  context: StageContext,
  data: Dataset,
  settings: Resolved<typeof teacherSettings>,
  tokenizerFile: string,
): Promise<string> {
  const tokenizer = await readTrained(tokenizerFile, 'tokenizer')
  const arch = tokenizer.architecture as TokenizerArchitecture
  if (data.imageSize !== tokenizer.imageSize) {
    throw new UsageError(
      `${tokenizerFile} was trained on images of ${tokenizer.imageSize} x ${tokenizer.imageSize} pixels, and ${data.name} ` +
        `is read at ${data.imageSize} x ${data.imageSize}.`,
      { remedy: `Give \`imageSize: ${tokenizer.imageSize}\`.` },
    )
  }
  checkMicroBatch(settings)
  checkHeads(arch.family, settings)
  if (tokenizer.classes.join() !== data.classes.join()) {
    const [theirs, ours] = [tokenizer.classes, data.classes].map((names) => names.slice(0, 3).join(', '))
    context.note?.(
      `note: the tokenizer was trained on other classes (${theirs} ...) than those of ${data.name} (${ours} ...).`,
    )
  }
  const numClasses = data.classes.length
  const architecture = transformerFor(arch, settings, { numClasses, imageSize: data.imageSize })
  const frozen = { weights: memoryWeights('tokenizer', tokenizer.tensors, { differentiable: true }), arch }
  const chosen = examples(data, { ...settings, limit: settings.images })
  await using tokens = await tokenStore(context.engine, frozen, chosen)
  const plan = { kind: 'teacher', teacher: teacherDefaults({ cfg: settings.cfg }) } as const
  const task = teacherTask(architecture, {
    ...settings,
    tokens,
    tokenizer: frozen,
    sheet: async (tensors) => ({
      image: await sampleSheet(
        context.engine,
        { tokenizer: { architecture: arch, tensors: tokenizer.tensors }, teacher: { architecture, tensors } },
        plan,
      ),
      caption: `one class a column, guidance ${settings.cfg}`,
    }),
  })
  return await runTask({
    ...context,
    title: `${arch.family} teacher`,
    task,
    settings,
    config: { kind: 'teacher', data: data.origin ?? data.name, tokenizer: await fileSha256(tokenizerFile), settings },
    rows: teacherSettings.rows(settings),
    network: { kind: 'teacher', architecture, classes: data.classes, imageSize: data.imageSize },
  })
}

/**
 * Distils a teacher into a student on pairs; returns its file.
 * @throws UsageError when the pairs are of another teacher or tokenizer, or timesteps and split do not fit; whatever
 *   `runTask` throws
 */
export async function trainStudent(
  context: StageContext,
  settings: Resolved<typeof studentSettings>,
  files: { teacher: string; tokenizer: string; pairs: string } & NamedPerceptual,
): Promise<string> {
  const tokenizer = await readTrained(files.tokenizer, 'tokenizer')
  const teacher = await readTrained(files.teacher, 'teacher')
  const arch = tokenizer.architecture as TokenizerArchitecture
  const architecture = teacher.architecture as TransformerArchitecture
  const pairs = await openPairs(files.pairs, { ...(context.signal && { signal: context.signal }) })
  const hashes = { teacher: await fileSha256(files.teacher), tokenizer: await fileSha256(files.tokenizer) }
  checkPairs(pairs, architecture, hashes, files)
  const heldOut = heldOutOf(pairs.count, settings, files.pairs)
  const codebook = tokenizer.tensors.get('quantize.embedding.weight')!
  const parts = {
    tokenizer: { architecture: arch, tensors: tokenizer.tensors },
    teacher: { architecture, tensors: teacher.tensors },
  }
  const { split, timesteps } = settings
  const plans: SamplingPlan[] = [
    { kind: 'student', timesteps: [0], split },
    { kind: 'student', timesteps, split },
  ]
  const parameters = studentFrom(architecture, teacher.tensors, codebook, settings.seed)
  const family = trainedFamily({ ...parts, student: { architecture, tensors: parameters } })
  for (const plan of plans) checkPlan(plan, family)
  const task = studentTask(architecture, {
    ...settings,
    heldOut,
    pairs,
    perceptual: files.perceptual,
    tokenizer: { arch, weights: memoryWeights('tokenizer', tokenizer.tensors, { differentiable: true }) },
    parameters,
    sheet: async (tensors) => ({
      image: await studentSheet(
        context.engine,
        { ...parts, student: { architecture, tensors } },
        plans,
        pairs,
        heldOut,
      ),
      caption: 'held-out noise: the teacher’s image, one step, all timesteps; row by row from the same noise',
    }),
  })
  return runTask({
    ...context,
    title: `${arch.family} student`,
    task,
    settings,
    config: {
      kind: 'student',
      ...hashes,
      pairs: { count: pairs.count, ...pairs.settings },
      perceptual: files.perceptualName,
      settings,
    },
    rows: studentSettings.rows(settings),
    network: { kind: 'student', architecture, classes: teacher.classes, imageSize: teacher.imageSize },
  })
}
