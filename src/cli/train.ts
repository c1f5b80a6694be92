// `distilled train`: each network of the method by its name, trained in a folder that can be left and come back to. The
// trainings themselves are distill/stages.ts; here are their flags, what one sees meanwhile, and how to go on.

import { join } from 'node:path'
import { Command, type Option } from 'commander'
import { plural } from '../core/format.ts'
import type { Dataset } from '../data/dataset.ts'
import { openDataset } from '../data/node/open.ts'
import type { KnobFlag } from '../distill/knobs.ts'
import { overRanks } from '../distill/mpi.ts'
import { openPerceptual, type PerceptualFiles } from '../distill/open-perceptual.ts'
import { weightsFile } from '../distill/run.ts'
import type { EventOf, RunEvent } from '../distill/run-log.ts'
import { plannedSteps } from '../distill/same-run.ts'
import { classifierSettings, studentSettings, teacherSettings, tokenizerSettings } from '../distill/settings.ts'
import {
  type FamilyName,
  type StageContext,
  trainClassifier,
  trainStudent,
  trainTeacher,
  trainTokenizer,
} from '../distill/stages.ts'
import type { Kind } from '../distill/trained-file.ts'
import { TrainingDiverged } from '../distill/trainer.ts'
import { createEngine } from '../engine/node/engine.ts'
import { refuseOverwriting } from '../images/node/overwriting.ts'
import { commandOutput, Interrupted, type Io } from './io.ts'
import { addTrainFlags, inputs, type TrainFlags } from './train-flags.ts'
import { trainingView } from './training-view.ts'

const examples = `
Examples:
  $ distilled train classifier --out runs/classifier
  $ distilled train tokenizer --family var --classifier runs/classifier/model.safetensors
  $ distilled train teacher --tokenizer runs/tokenizer/model.safetensors
  $ distilled train student --teacher runs/teacher/model.safetensors --tokenizer runs/tokenizer/model.safetensors \\
      --pairs runs/pairs --classifier runs/classifier/model.safetensors
  $ mpirun -n 4 distilled train classifier --threads 1       four processes share every batch

The method trains them in this order; distilled reproduce does all of it. Each explains its settings: distilled train teacher
--help. Ctrl-C saves a checkpoint, and the same command continues from there bit for bit. Under mpirun it ends all processes
at once, and the run continues from its last checkpoint.
On other devices than cpu, parameters and gradients are copied with every micro-batch.`

export function trainCommand(io: Io): Command {
  const train = new Command('train').helpCommand(false).addHelpText('after', examples)
  for (const command of [classifier, tokenizer, teacher, student]) train.addCommand(command(io))
  return train
}

interface Training<V, F> {
  kind: Kind
  description: string
  from: readonly Option[]
  settings: {
    options(): KnobFlag[]
    pick(flags: Readonly<Record<string, unknown>>): Partial<V>
    resolve(given: { steps?: number | undefined; file?: unknown; overrides?: Partial<V> }): Promise<V>
  }
  /** Trains it and returns its file. */
  run(context: StageContext, settings: V, flags: F): Promise<string>
}

const training =
  <V extends { steps: number }, F>(one: Training<V, F>) =>
  (io: Io): Command => {
    const command = new Command(one.kind).description(one.description)
    return addTrainFlags(command, one.kind, one.from, one.settings.options()).action((flags: TrainFlags & F) =>
      runTraining(one, flags, io),
    )
  }

const classifier = training({
  kind: 'classifier',
  description: 'train a classifier, whose features measure perceptual distance',
  from: [inputs.data],
  settings: classifierSettings,
  run: async (context, settings, { data }: { data: string }) =>
    trainClassifier(context, await opened(data, settings, context), settings),
})

const tokenizer = training({
  kind: 'tokenizer',
  description: 'train a tokenizer: images to tokens and back',
  from: [inputs.family, inputs.classifier, inputs.vgg, inputs.lpips, inputs.data],
  settings: tokenizerSettings,
  async run(context, settings, flags: { family: FamilyName; data: string } & PerceptualFiles) {
    const features = await openPerceptual(flags)
    try {
      return await trainTokenizer(
        context,
        await opened(flags.data, settings, context),
        flags.family,
        settings,
        features,
      )
    } finally {
      await features.close()
    }
  },
})

const teacher = training({
  kind: 'teacher',
  description: 'train a teacher: an auto-regressive model of tokens',
  from: [inputs.tokenizer, inputs.data],
  settings: teacherSettings,
  run: async (context, settings, flags: { tokenizer: string; data: string }) =>
    trainTeacher(context, await opened(flags.data, settings, context), settings, flags.tokenizer),
})

const student = training({
  kind: 'student',
  description: 'distil a teacher into a student of one or two steps',
  from: [inputs.teacher, inputs.tokenizer, inputs.pairs, inputs.classifier, inputs.vgg, inputs.lpips],
  settings: studentSettings,
  async run(context, settings, flags: { teacher: string; tokenizer: string; pairs: string } & PerceptualFiles) {
    const { close, ...features } = await openPerceptual(flags)
    try {
      return await trainStudent(context, settings, { ...flags, ...features })
    } finally {
      await close()
    }
  },
})

async function opened(
  what: string,
  { dataSeed, imageSize }: { dataSeed: number; imageSize: number },
  { note }: StageContext,
): Promise<Dataset> {
  const data = await openDataset(what, { seed: dataSeed, imageSize })
  for (const line of data.notes ?? []) note?.(`note: ${line}`)
  return data
}

async function runTraining<V extends { steps: number }, F>(
  { kind, settings: config, run }: Training<V, F>,
  flags: TrainFlags & F,
  io: Io,
): Promise<void> {
  const { out: folder, device, threads, mpi, library, init, force } = flags
  await refuseOverwriting(
    filesRead(flags as Readonly<Record<string, unknown>>),
    [weightsFile(folder), join(folder, 'log.jsonl'), join(folder, 'report.html')].map((path) => ({
      name: '--out',
      path,
    })),
  )
  const settings = await config.resolve({
    steps: await plannedSteps(folder, kind),
    ...(flags.config !== undefined && { file: flags.config }),
    overrides: config.pick(flags as Readonly<Record<string, unknown>>),
  })
  const ranks = { ...(mpi !== undefined && { mpi }), ...(library !== undefined && { library }) }
  await overRanks(async (communicator) => {
    const loudness = communicator.rank === 0 ? flags : { quiet: true }
    const output = commandOutput(io, loudness)
    const view = trainingView(io.stderr, { title: `${kind} in ${folder}`, steps: settings.steps }, loudness)
    const seen = follow()
    const onEvent = (event: RunEvent) => {
      seen.take(event)
      view.event(event)
    }
    const onAbort = () => output.note('Stopping after this step; Ctrl-C again stops at once.')
    io.signal.addEventListener('abort', onAbort)
    const engine = await createEngine({ device, ...(threads !== undefined && { threads }) })
    try {
      const processes = communicator.size > 1 ? `, ${communicator.size} processes` : ''
      output.note(`device: ${engine.device}, ${plural(engine.threads, 'thread')}${processes} (${engine.reason})`)
      const context = { folder, engine, init, force, communicator, signal: io.signal, onEvent, note: output.note }
      const weights = await run(context, settings, flags)
      if (!seen.started)
        output.note(
          `${folder} was finished before. It is ${plural(settings.steps, 'step')} long; a larger --steps makes it longer.`,
        )
      const report = join(folder, 'report.html')
      const validation = seen.validation?.metrics
      output.result(`weights: ${weights}\nreport: ${report}`, { kind, folder, weights, report, settings, validation })
    } catch (error) {
      if (io.signal.aborted) throw new Interrupted(howToGoOn(folder, seen.checkpoint))
      if (seen.checkpoint && !(error instanceof TrainingDiverged))
        output.note(`Step ${seen.checkpoint.step} is saved in ${folder}; the same command goes on from there.`)
      throw error
    } finally {
      io.signal.removeEventListener('abort', onAbort)
      await engine.dispose()
    }
  }, ranks)
}

/** Flags of all trainings that name what is read. A run's config.json may be given again. */
const read = ['data', 'classifier', 'tokenizer', 'teacher', 'pairs', 'vgg', 'lpips', 'init'] as const

const filesRead = (flags: Readonly<Record<string, unknown>>) =>
  read.flatMap((name) => {
    const path = flags[name]
    return typeof path === 'string' ? [{ name: `--${name}`, path }] : []
  })

/** What is said of a run that Ctrl-C ended. */
export const howToGoOn = (folder: string, checkpoint?: EventOf<'checkpoint'>): string =>
  checkpoint
    ? `Interrupted; step ${checkpoint.step} is saved in ${folder}. The same command goes on from there.`
    : `Interrupted before a step of ${folder} was done. The same command goes on.`

interface Seen {
  take(event: RunEvent): void
  started: boolean
  validation?: EventOf<'validation'>
  checkpoint?: EventOf<'checkpoint'>
}

function follow(): Seen {
  const seen: Seen = {
    started: false,
    take(event) {
      if (event.type === 'start') seen.started = true
      if (event.type === 'validation') seen.validation = event
      if (event.type === 'checkpoint') seen.checkpoint = event
    },
  }
  return seen
}
