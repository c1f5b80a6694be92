// `distilled reproduce sprites`: the whole method from nothing on one machine, stage by stage, and the table of the
// paper's comparison at the end. After an interruption the same command continues.
import { join } from 'node:path'
import { Argument, Command, Option } from 'commander'
import { figure, plural } from '../core/format.ts'
import { reproduceSprites, type StageName, stageNames } from '../distill/reproduce.ts'
import type { FamilyName } from '../distill/stages.ts'
import type { TableRow } from '../distill/table.ts'
import { createEngine } from '../engine/node/engine.ts'
import { type Device, devices } from '../engine/types.ts'
import { version } from '../library/node/version.ts'
import { bounds } from './bounds.ts'
import { type CommandOutput, commandOutput, Interrupted, type Io } from './io.ts'
import { wholeNumber } from './parse.ts'
import { hideProgress, type Progress, progress, showProgress } from './progress.ts'
import { type TrainingView, trainingView } from './training-view.ts'

const examples = `
Examples:
  $ distilled reproduce sprites --family var                 hours on two cores
  $ distilled reproduce sprites --family llamagen --quick    a few minutes, without useful results

Stages: ${stageNames.join(', ')}; each has a folder below --out; trainings write a report.html.
If it is stopped, the same command continues. --quick takes few steps with small networks, whose images are blots.
The table's figures are in the feature space of the classifier trained here; they are not ImageNet's.`

interface Flags {
  family: FamilyName
  out?: string
  quick?: boolean
  force?: boolean
  device: Device
  threads?: number
  json?: boolean
  quiet?: boolean
  progress?: boolean
}

export function reproduceCommand(io: Io): Command {
  return new Command('reproduce')
    .addArgument(new Argument('<data>', 'sprites: images that this project draws').choices(['sprites']))
    .addOption(
      new Option('--family <name>', 'var or llamagen (required)').choices(['var', 'llamagen']).makeOptionMandatory(),
    )
    .option('-o, --out <folder>', 'folder that holds the folders of the stages (default: runs/sprites-<family>)')
    .option('--quick', 'few steps with small networks, a few minutes: a demonstration without useful results')
    .option('--force', 'replace files that no reproduction wrote')
    .addOption(
      new Option(
        '--device <name>',
        `${devices.join(', ')} (default: cpu; others get all parameters with every micro-batch)`,
      )
        .choices(devices)
        .default('cpu'),
    )
    .option('--threads <number>', 'threads to compute with (default: all cores)', wholeNumber(...bounds.threads))
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'print only errors')
    .addOption(showProgress())
    .addOption(hideProgress())
    .addHelpText('after', examples)
    .action((_: string, flags: Flags) => reproduce(flags, io))
}

async function reproduce(flags: Flags, io: Io): Promise<void> {
  const { family, device, threads, quick, force } = flags
  const { out = `runs/sprites-${family}${quick ? '-quick' : ''}` } = flags
  const output = commandOutput(io, flags)
  const bar = progress(io.stderr, flags)
  const onAbort = () => output.note('Stopping after this step; Ctrl-C again stops at once.')
  io.signal.addEventListener('abort', onAbort)
  const engine = await createEngine({ device, ...(threads !== undefined && { threads }) })
  try {
    output.note(`device: ${engine.device}, ${plural(engine.threads, 'thread')} (${engine.reason})`)
    const watch = watcher(io, flags, output, bar)
    const done = await reproduceSprites(family, {
      out,
      engine,
      quick,
      force,
      madeBy: `distilled-decoding ${version()}`,
      signal: io.signal,
      note: output.note,
      ...watch,
    })
    bar.end()
    const { files, rows } = done
    const report = join(out, 'student', 'report.html')
    const lines = [table(rows), '', `weights: ${files.student}`, `report: ${report}`, `table: ${files.table}`]
    output.result(lines.join('\n'), { family, folder: out, files, report, rows })
  } catch (error) {
    if (!io.signal.aborted) throw error
    throw new Interrupted(`Interrupted; finished steps are kept in ${out}. The same command goes on from there.`)
  } finally {
    bar.end()
    io.signal.removeEventListener('abort', onAbort)
    await engine.dispose()
  }
}

/** Each stage under its own heading: trainings in the live view, the others as a bar. */
function watcher(io: Io, flags: Flags, output: CommandOutput, bar: Progress) {
  let view: TrainingView | undefined
  return {
    onStage(stage: StageName, units: number) {
      bar.end()
      const title = `stage ${stageNames.indexOf(stage) + 1} of ${stageNames.length}: ${stage}`
      output.note(title)
      view = trainingView(io.stderr, { title: stage, steps: units }, flags)
    },
    onEvent: (event: Parameters<TrainingView['event']>[0]) => view?.event(event),
    onPairs: ({ done, total, fraction }: { done: number; total: number; fraction: number }) =>
      bar.update(fraction, `${done} of ${plural(total, 'pair')}`),
    onRow: (name: string, done: number, total: number) =>
      bar.update(done / total, `${name}: ${done} of ${plural(total, 'image')}`),
  }
}

const heads = ['sampler', 'steps', 'ms an image', 'Fréchet', 'precision', 'recall', 'accuracy']

/** Rows as aligned text. */
function table(rows: readonly TableRow[]): string {
  const cells = rows.map(({ name, steps, secondsPerImage, frechet, ...shares }) => [
    name,
    `${steps}`,
    secondsPerImage === undefined ? '-' : figure(1000 * secondsPerImage, 3),
    figure(frechet),
    ...[shares.precision, shares.recall, shares.accuracy].map((share) => share.toFixed(3)),
  ])
  const all = [heads, ...cells]
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  const aligned = (row: readonly string[]) =>
    row.map((cell, column) => (column ? cell.padStart(widths[column]!) : cell.padEnd(widths[0]!))).join('  ')
  return all.map(aligned).join('\n')
}
