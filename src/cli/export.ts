// `distilled export`: a student and its decoder as a folder of ONNX files that need nothing of this package.
import { Command, Option } from 'commander'
import { UsageError } from '../core/errors.ts'
import { figure, plural } from '../core/format.ts'
import { type ExportDType, exportDTypes } from '../export/bounds.ts'
import { type ExportProgress, type ExportResult, exportModel } from '../export/export.ts'
import { load } from '../library/node/load.ts'
import { version } from '../library/node/version.ts'
import { models } from '../zoo/registry.ts'
import { bounds } from './bounds.ts'
import { readConfig } from './config.ts'
import { byteSize, commandOutput, Interrupted, type Io } from './io.ts'
import { wholeNumber } from './parse.ts'
import { hideProgress, progress, showProgress } from './progress.ts'
import { notes } from './sample-model.ts'

const examples = `
Examples:
  $ distilled export sprites-var-dd --out sprites-onnx                       fp32
  $ distilled export sprites-var-dd --dtype fp16 --out sprites-onnx-fp16     half the bytes, for WebGPU and CUDA
  $ distilled export --student model.safetensors --tokenizer tokenizer.safetensors --out mine    trained here

The folder holds config.json, onnx/*.onnx with their weights, a known answer and a README. Every file is checked against the
fp32 networks first; a file that differs too much is not written. examples/exported-model.js runs such a folder.`

interface Flags {
  model?: string
  out: string
  dtype: ExportDType
  student?: string
  tokenizer?: string
  config?: string
  threads?: number
  json?: boolean
  quiet?: boolean
  progress?: boolean
}

export function exportCommand(io: Io): Command {
  return new Command('export')
    .argument('[name]', 'a student from `distilled models`, or a folder with its released files or of its training')
    .option('-m, --model <name>', 'the same as [name]')
    .addOption(new Option('-o, --out <folder>', 'the folder to write (required)').makeOptionMandatory())
    .addOption(
      new Option('--dtype <name>', 'arithmetic: fp32 (default), fp16, or int8 for the transformer')
        .choices(exportDTypes)
        .default('fp32'),
    )
    .option('--student <file>', 'checkpoint of the student, instead of a name')
    .option('--tokenizer <file>', 'checkpoint of its tokenizer')
    .option('--config <file>', 'JSON with what shapes do not tell, as for `distilled sample`')
    .option('--threads <number>', 'threads of the check (default: all cores)', wholeNumber(...bounds.threads))
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'print only errors')
    .addOption(showProgress())
    .addOption(hideProgress())
    .addHelpText('after', examples)
    .action((name: string | undefined, flags: Flags) => {
      if (name !== undefined && flags.model !== undefined)
        throw new UsageError(`${name} and --model ${flags.model} name two models, and one is exported.`, {
          remedy: 'Leave one out.',
        })
      return exportFolder(name ?? flags.model, flags, io)
    })
}

async function exportFolder(name: string | undefined, flags: Flags, io: Io): Promise<void> {
  const { student, tokenizer, threads, dtype, out } = flags
  if (name === undefined && student === undefined)
    throw new UsageError('No model was named.', { remedy: 'Name a student of: distilled models.' })
  const kind = models.find((entry) => entry.name === name)?.kind
  if (kind !== undefined && kind !== 'student')
    throw new UsageError(`${name} is a ${kind}; only students are exported, each with its decoder.`, {
      remedy: `Students are ${models.flatMap((m) => (m.kind === 'student' ? [m.name] : [])).join(', ')}.`,
    })
  const config = flags.config === undefined ? undefined : await readConfig(flags.config)
  const bar = progress(io.stderr, flags)
  try {
    const files = { student, tokenizer, config, threads, signal: io.signal }
    await using model = await load(name, { ...files, device: 'cpu', onProgress: notes(io, flags) })

    const result = await exportModel(model, {
      out,
      dtype,
      threads,
      hints: config,
      signal: io.signal,
      madeBy: `distilled-decoding ${version()}`,
      onProgress: (event) => bar.update(...shown(event)),
    })
    bar.end()
    commandOutput(io, flags).result(formatted(result), result)
  } catch (error) {
    if (!io.signal.aborted) throw error
    throw new Interrupted('Interrupted. Nothing was written.')
  } finally {
    bar.end()
  }
}

/** Writing and checking count as halves of the work. */
function shown(event: ExportProgress): [fraction: number, text: string] {
  const share = event.done / event.total / 2
  return event.type === 'write'
    ? [share, `${event.graph}: ${event.done} of ${plural(event.total, 'weight')}`]
    : [0.5 + share, `checking against fp32: run ${event.done} of ${event.total}`]
}

function formatted({ out, files, bytes, check }: ExportResult): string {
  const width = Math.max(...files.map(({ path }) => path.length))
  return [
    ...files.map((file) => `${file.path.padEnd(width)}  ${byteSize(file.bytes)}`),
    '',
    'Against the fp32 networks, same inputs:',
    ...check.graphs.map(({ graph, difference: { max, mean }, equalTokens }) => {
      const tokens = equalTokens === undefined ? '' : `, ${figure(100 * equalTokens)} % equal tokens`
      return `  ${graph}: largest error ${figure(max)}, mean ${figure(mean)}${tokens}`
    }),
    ...check.presets.map(
      ({ steps, image }) =>
        `  image in ${plural(steps, 'step')}: largest error ${figure(255 * image.max)} levels of 255, mean ${figure(255 * image.mean)}`,
    ),
    `${plural(files.length, 'file')}, ${byteSize(bytes)}, in ${out}`,
  ].join('\n')
}
