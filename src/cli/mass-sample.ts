// `distilled sample --labels`: images by the thousand for evaluation, in resumable shards; `sample merge` proves that all of
// them are there, `sample export` writes what other tools read.

import { basename } from 'node:path'
import { Command } from 'commander'
import { UsageError } from '../core/errors.ts'
import { plural } from '../core/format.ts'
import { refuseReplacing } from '../files/replacing.ts'
import { refuseOverwriting } from '../images/node/overwriting.ts'
import { settingsMark } from '../images/xmp.ts'
import { exportNpz, exportPng } from '../library/node/export-samples.ts'
import type { LabelProtocol } from '../library/node/mass.ts'
import type { Model } from '../library/node/model.ts'
import { mergeSamples, sampleMany } from '../library/node/sample-many.ts'
import { openSamples, type Samples } from '../library/node/samples.ts'
import { version } from '../library/node/version.ts'
import { nestedOptions } from '../sampling/plan-options.ts'
import { type ClassList, imagenet } from '../zoo/classes.ts'
import { readPolicy } from '../zoo/node/policy-rules.ts'
import { classesOf, models } from '../zoo/registry.ts'
import { type CommandOutput, commandOutput, type Io } from './io.ts'
import { progress } from './progress.ts'
import { idleTeacherFlags, type SampleFlags } from './sample-flags.ts'
import { loadSampled } from './sample-model.ts'
import { type JobWords, mergeCommand, runShardJob } from './shard-job.ts'

const defaultFolder = 'samples'

/** Flags that say something else than `--labels`, with the reason. */
const contradicted: readonly [keyof SampleFlags, string][] = [
  ['class', '--labels chooses the classes; leave --class out.'],
  ['like', '--like repeats an image, --labels makes a run; give one of them.'],
  ['noise', '--labels takes its noise from the seed; leave --noise out.'],
  ['dump', '--dump holds everything in memory; leave it out.'],
  ['grid', 'Files of a run hold no grid; leave --grid out.'],
  ['force', '--labels goes on with what its folder holds; remove the folder to start anew.'],
  ['format', 'A run is kept in .npz files; `distilled sample export --format png` writes others from them.'],
]

/** Samples a shard of many images. */
export async function massSample(flags: SampleFlags & { labels: LabelProtocol }, io: Io): Promise<void> {
  const { labels, out: folder = defaultFolder, count, seed, rng, batch, chunk } = flags
  for (const [name, why] of contradicted) if (flags[name] !== undefined) throw new UsageError(why)
  if (!flags.metadata) {
    throw new UsageError('The files of a run keep the settings that complete them.', {
      remedy: 'Give --no-metadata to `distilled sample export`.',
    })
  }
  if (count === undefined) throw new UsageError('How many images in all?', { remedy: 'For example --count 50000.' })
  const output = commandOutput(io, flags)
  const model = await loadSampled(flags, io)
  try {
    const plan = model.plan(nestedOptions(flags))
    const marked = marksOf(model)
    const idle = plan.kind === 'student' ? idleTeacherFlags(flags) : []
    output.note(`device: ${model.engine.device}, ${plural(model.engine.threads, 'thread')} (${model.engine.reason})`)
    if (idle.length) output.note(`note: no effect of ${idle.join(', ')}: no teacher takes part.`)
    announce(marked, model, output)
    const run = { folder, labels, count, seed, rng, plan, batch, chunk, madeBy: `distilled-decoding ${version()}` }
    await runShardJob({ ...flags, out: folder }, io, words, (work) => sampleMany(model, { ...run, ...work }), marked)
  } finally {
    await model.dispose()
  }
}

const words: JobWords = { unit: 'image', units: 'images', merge: ['distilled', 'sample', 'merge'] }

/** Ids of the classes that call for a look: those of the class list, and those of the policy. */
function marksOf(model: Model): { sensitive: number[]; flagged: number[] } {
  const ids = Array.from({ length: model.family.numClasses }, (_, id) => id)
  return {
    sensitive: ids.filter((id) => model.classInfo(id).sensitive),
    flagged: ids.filter((id) => model.policy?.verdict(id) === 'flag'),
  }
}

function announce({ sensitive, flagged }: ReturnType<typeof marksOf>, model: Model, { note }: CommandOutput): void {
  const classes = (n: number, what: string) => `${n} ${what} ${n === 1 ? 'class' : 'classes'}`
  const parts = [
    ...(sensitive.length ? [classes(sensitive.length, 'sensitive')] : []),
    ...(flagged.length ? [`${classes(flagged.length, 'flagged')} of ${model.policy?.name}`] : []),
  ]
  if (parts.length) note(`note: ${parts.join(' and ')} among the labels: look before you pass images on.`)
}

/** Proof that a run is complete. */
export const mergeSamplesCommand = (io: Io): Command =>
  mergeCommand(io, { unit: 'image', what: '--labels', merge: mergeSamples })

/** Its flags are parsed by `sample`, in any position. */
export function exportCommand(io: Io): Command {
  const examples = `
Examples:
  $ distilled sample export run --out images                                   what pytorch-fid reads
  $ distilled sample export run --out samples.npz                              what the ADM evaluator reads
  $ distilled sample export run --format png --out images --no-metadata        without settings and mark`
  return new Command('export')
    .addHelpText('after', examples)
    .description(
      'write the images of a run with --labels for other tools: PNG files (pytorch-fid) or one .npz (ADM evaluator)',
    )
    .usage('<folder> --out <path> [--format png|npz] [--force] [--no-metadata] [--policy <file>] [--json] [--quiet]')
    .argument('<folder>', 'a finished run, merged if it had shards')
    .action(async (folder: string, _: unknown, command: Command) => {
      const flags: SampleFlags = command.optsWithGlobals()
      const { out: path, metadata, force } = flags
      if (path === undefined) throw new UsageError('Export to where?', { remedy: 'For example --out images.' })
      const isNpz = /\.npz$/i.test(path)
      const format = flags.format ?? (isNpz ? 'npz' : 'png')
      if (isNpz && format !== 'npz') {
        throw new UsageError(`--format ${format} writes a folder, and ${path} has the name of an .npz file.`, {
          remedy: 'Leave --format out, or name a folder.',
        })
      }
      if (format !== 'png' && format !== 'npz')
        throw new UsageError(`Samples are exported as png or npz, not ${format}, which loses what is measured.`)
      const samples = await openSamples(folder)
      await refuseOverwriting(
        [{ name: 'the samples', path: folder }, ...(flags.policy ? [{ name: '--policy', path: flags.policy }] : [])],
        [{ name: '--out', path }],
      )
      if (format === 'npz') await refuseReplacing([{ name: '--out', path, mark: settingsMark }], { force })
      const classes = classesIn(samples)
      const policy = flags.policy === undefined ? undefined : await readPolicy(flags.policy, classes)
      const bar = progress(io.stderr, flags)
      const onProgress = (done: number, total: number) =>
        bar.update(done / total, `${done} of ${plural(total, 'image')}`)
      const write = format === 'png' ? exportPng : exportNpz
      await write(samples, path, { metadata, force, classes, policy, signal: io.signal, onProgress }).finally(() =>
        bar.end(),
      )
      const { count, settings } = samples
      const what = format === 'png' ? `${plural(count, 'PNG file')}` : `${plural(count, 'image')} in ${basename(path)}`
      commandOutput(io, flags).result(`${path}: ${what}.`, { path, format, count, metadata, settings })
    })
}

/** The classes of the samples' model, where their names are known. */
function classesIn({ settings }: Samples): ClassList | undefined {
  const entry = models.find(({ name }) => name === settings.model)
  return entry ? classesOf(entry) : settings.classes === imagenet.labels.length ? imagenet : undefined
}
