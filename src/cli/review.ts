// `distilled review`: the images of sensitive classes made, looked at by a person, and counted. Three commands over one
// folder: run fills it, open serves the page on which verdicts are given, report adds them up.

import { basename } from 'node:path'
import { Command, Option } from 'commander'
import { nearest, UsageError } from '../core/errors.ts'
import { plural } from '../core/format.ts'
import { shellCommand } from '../core/shell.ts'
import { printable } from '../core/show.ts'
import { type Device, devices } from '../engine/types.ts'
import { writeAtomically } from '../files/atomic.ts'
import { refuseReplacing } from '../files/replacing.ts'
import { refuseOverwriting } from '../images/node/overwriting.ts'
import { version } from '../library/node/version.ts'
import { type DType, dtypes } from '../models/weights.ts'
import { readReview } from '../review/node/folder.ts'
import { defaultCount, type GenerateProgress, mostImages } from '../review/node/generate.ts'
import { journalName, openJournal, readJournal } from '../review/node/journal.ts'
import { imagesFolder } from '../review/node/manifest.ts'
import { makeReport } from '../review/node/report.ts'
import { reportCsv, reportMarkdown } from '../review/node/report-text.ts'
import { chooseModels, makeReview } from '../review/node/run.ts'
import { openReviewSession } from '../review/node/session.ts'
import { type FlatOptions, nestedOptions } from '../sampling/plan-options.ts'
import { defaultReviewPort as defaultPort, serveReview } from '../server/review.ts'
import { bounds } from './bounds.ts'
import { aborted, commandOutput, duration, Interrupted, type Io, printFailure } from './io.ts'
import { collected, wholeNumber } from './parse.ts'
import { hideProgress, progress, showProgress } from './progress.ts'
import { planFlag } from './sample-flags.ts'

const examples = `
Examples:
  $ distilled review run --model var-dd-d16 --model var-d16     17 classes x 20 images of a student and its teacher
  $ distilled review run --model var-dd-d16:2                   in two steps
  $ distilled review run --model sprites-var-dd --classes all --count 3   a small review, without downloads
  $ distilled review open                                       review them by keyboard
  $ distilled review report --format csv --out review.csv       images, flagged, defect rate by model and class

The sensitive classes are the 17 of the model card. If run is stopped, the same command continues, with the same bytes. More
models, classes or images can be added to a folder at any time. Verdicts are lines of its verdicts.jsonl, written before the
next image is shown.`

const folderArgument = 'the folder of `review run`'

export function reviewCommand(io: Io): Command {
  return new Command('review')
    .helpCommand(false)
    .addHelpText('after', examples)
    .addCommand(runCommand(io))
    .addCommand(openCommand(io))
    .addCommand(reportCommand(io))
}

interface RunFlags extends FlatOptions {
  model?: string[]
  count: number
  classes: string
  seed: number
  out: string
  teacherOnly?: boolean
  device?: Device
  dtype?: DType
  batch?: number
  threads?: number
  json?: boolean
  quiet?: boolean
  progress?: boolean
}

function runCommand(io: Io): Command {
  return new Command('run')
    .description('make the images of every model and class')
    .option(
      '-m, --model <name>',
      'a student or teacher from `distilled models`; NAME:2 samples in two steps; repeatable',
      collected,
    )
    .option(
      '-n, --count <images>',
      `images of every class (default: ${defaultCount})`,
      wholeNumber(1, mostImages),
      defaultCount,
    )
    .option('-c, --classes <list>', 'sensitive (default), all, or ids and names separated by commas', 'sensitive')
    .option('-s, --seed <number>', 'seeds the noise (default: 0)', wholeNumber(...bounds.seed), 0)
    .option('-o, --out <folder>', "the review's folder (default: review)", 'review')
    .option('--teacher-only', "use the students' teachers instead")
    .addOption(planFlag('cfg', "teachers' classifier-free guidance (default: as published)"))
    .addOption(planFlag('topK', 'teachers keep the k most likely tokens; 0 keeps all'))
    .addOption(planFlag('topP', 'teachers keep the most likely tokens up to this probability'))
    .addOption(planFlag('temperature', "temperature of the teachers' draws"))
    .addOption(new Option('--device <name>', `${devices.join(', ')} (default: auto)`).choices(devices))
    .addOption(new Option('--dtype <type>', 'fp32 (default), or int8: faster and less exact').choices(dtypes))
    .option(
      '--batch <images>',
      'images computed together; more are faster and take more memory (default: 8)',
      wholeNumber(2, bounds.batch[1]),
    )
    .option('--threads <number>', 'threads to compute with (default: all cores)', wholeNumber(...bounds.threads))
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'print only errors')
    .addOption(showProgress())
    .addOption(hideProgress())
    .addHelpText('after', examples)
    .action((flags: RunFlags) => runReview(flags, io))
}

async function runReview(flags: RunFlags, io: Io): Promise<void> {
  const { out: folder, count, seed, batch, device, threads, dtype = 'fp32' } = flags
  const output = commandOutput(io, flags)
  const choice = { specs: flags.model ?? [], classes: flags.classes, teacherOnly: flags.teacherOnly }
  const models = chooseModels(choice)
  const bar = progress(io.stderr, flags)
  const started = performance.now()
  let name = ''
  try {
    const made = await makeReview(models, {
      folder,
      count,
      seed,
      dtype,
      batch,
      device,
      threads,
      signal: io.signal,
      teacher: nestedOptions(flags).teacher,
      madeBy: `distilled-decoding ${version()}`,
      onModel({ id, classes }, i) {
        bar.end()
        name = `${id}${models.length > 1 ? ` (${i + 1} of ${models.length})` : ''}`
        output.note(
          `${name}: ${plural(classes.length, 'class').replace(/classs$/, 'classes')} x ${plural(count, 'image')}`,
        )
      },
      onProgress: (event) => bar.update(event.fraction, `${name}: ${described(event)}`),
      onFault: (file, what) => output.note(`${file} ${what}; it is made again.`),
    })
    bar.end()
    const total = made.reduce((sum, { manifest }) => sum + manifest.images.length, 0)
    const seconds = duration((performance.now() - started) / 1000)
    output.result(
      `${folder}: ${plural(total, 'image')} of ${plural(made.length, 'model')}, in ${seconds}.\nLook at them with: ${shellCommand(['distilled', 'review', 'open', ...(folder === 'review' ? [] : [folder])])}`,
      { folder, models: made.map(({ id, manifest }) => ({ id, ...manifest })) },
    )
  } catch (error) {
    if (!io.signal.aborted) throw error
    throw new Interrupted('Interrupted. Run the same command again; finished images are kept.')
  } finally {
    bar.end()
  }
}

function described({ done, total, secondsLeft }: GenerateProgress): string {
  const left = done < total && Number.isFinite(secondsLeft) ? `, ${duration(secondsLeft)} left` : ''
  return `${done} of ${plural(total, 'image')}${left}`
}

function openCommand(io: Io): Command {
  return new Command('open')
    .description('open the page for reviewing the images, on this machine only')
    .argument('[folder]', folderArgument, 'review')
    .option(
      '-p, --port <number>',
      `port on 127.0.0.1; 0 takes a free one (default: ${defaultPort})`,
      wholeNumber(0, 65535),
      defaultPort,
    )
    .option('-q, --quiet', 'print only the address')
    .addHelpText('after', examples)
    .action(async (folder: string, flags: { port: number; quiet?: boolean }) => {
      const output = commandOutput(io, flags)
      const review = await readReview(folder, io.signal)
      const journal = await openJournal(folder)
      try {
        const server = await serveReview(openReviewSession(review, journal), { ...flags, onFailure: printFailure(io) })
        for (const fault of [...review.faults, ...journal.faults].slice(0, 10)) output.note(`note: ${fault}`)
        output.note(
          `${plural(review.images.length, 'image')} of ${plural(review.models.length, 'model')}. Ctrl-C ends; nothing is lost.`,
        )
        io.stdout.write(`${server.url}\n`)
        await aborted(io.signal)
        await server.close()
        throw new Interrupted('Stopped. All verdicts are on the disk.')
      } finally {
        await journal.close()
      }
    })
}

const formats = ['md', 'csv', 'json'] as const
type Format = (typeof formats)[number]

function reportCommand(io: Io): Command {
  return new Command('report')
    .description('add up the verdicts: images, reviewed, flagged, defect rate by model and class')
    .argument('[folder]', folderArgument, 'review')
    .addOption(new Option('--format <type>', 'md, csv or json (default: as --out ends, else md)').choices(formats))
    .option('-o, --out <file>', 'write a file instead of printing')
    .option('--force', 'replace a file that distilled review report did not write')
    .option('-q, --quiet', 'print only errors and the report')
    .addHelpText('after', examples)
    .action(async (folder: string, flags: { format?: Format; out?: string; force?: boolean; quiet?: boolean }) => {
      const review = await readReview(folder, io.signal)
      const { events, faults } = await readJournal(folder)
      const report = makeReport(review, events, faults)
      const format = flags.format ?? formatOf(flags.out)
      const text = { md: reportMarkdown, csv: reportCsv, json: asJson }[format](report)
      const output = commandOutput(io, flags)
      if (report.changed.length)
        output.note(`note: ${plural(report.changed.length, 'verdict')} not counted: the image changed since.`)
      if (flags.out === undefined) return void io.stdout.write(printable(text))
      const reads = (file: string) => file === journalName || file.startsWith(imagesFolder)
      await refuseOverwriting([{ name: 'the review', path: folder, reads }], [{ name: '--out', path: flags.out }])
      await refuseReplacing([{ name: '--out', path: flags.out, mark: marks[format] }], flags)
      await writeAtomically(flags.out, new TextEncoder().encode(text), { signal: io.signal })
      output.note(flags.out)
    })
}

/** What tells each kind of report from other files (files/replacing.ts). */
const marks: Readonly<Record<Format, RegExp>> = {
  md: /^# Safety review\n/,
  csv: /^model,sampler,class,name,images,reviewed,accepted,flagged,defect_rate,/,
  json: /"kind": "distilled-review-report"/,
}

const asJson = (report: unknown): string => `${JSON.stringify(report, null, 2)}\n`

function formatOf(file: string | undefined): Format {
  if (file === undefined) return 'md'
  const ending = /\.(\w+)$/.exec(basename(file))?.[1]?.toLowerCase() ?? ''
  const found = formats.find((format) => format === ending)
  if (found) return found
  const near = nearest(ending, formats)
  throw new UsageError(`--out ${file}: a report ends in .md, .csv or .json.`, {
    remedy: near ? `Did you mean .${near}?` : 'Or say --format.',
  })
}
