// `distilled sample`: flags to a model, a plan and files. The library does the work. This file determines the order
// (checks that can fail come first), the progress that is shown, and what an interruption leaves.
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Command } from 'commander'
import { openFile } from '../checkpoint/node/file-source.ts'
import { toFloat32 } from '../core/dtype.ts'
import { UsageError } from '../core/errors.ts'
import { count, plural } from '../core/format.ts'
import { makeFolder } from '../files/atomic.ts'
import { lockFolder } from '../files/lock.ts'
import type { GivenNoise, Model, SampleOptions, SampleResult } from '../library/node/model.ts'
import { provenance } from '../library/node/samples.ts'
import { mostImages } from '../library/sample-options.ts'
import { tokensBefore } from '../sampling/family.ts'
import type { NoiseRecipe } from '../sampling/noise-recipe.ts'
import { nestedOptions } from '../sampling/plan-options.ts'
import type { SampleProgress } from '../sampling/sampler.ts'
import { resolveClasses } from '../zoo/classes.ts'
import { byteSize, type CommandOutput, commandOutput, duration, Interrupted, type Io } from './io.ts'
import { withLike } from './like.ts'
import { exportCommand, massSample, mergeSamplesCommand } from './mass-sample.ts'
import { progress, secondsLeft } from './progress.ts'
import { dumpFile, gridFile, imageFiles, mostGridImages, npzFile, type Sink } from './sample-files.ts'
import { addSampleFlags, idleTeacherFlags, type SampleFlags } from './sample-flags.ts'
import { outputFolder, type SampledRun } from './sample-folder.ts'
import { loadSampled, orEmbedded } from './sample-model.ts'

const examples = `
Examples:
  $ distilled sample --model var-dd-d16 --class "golden retriever"        one image, one step
  $ distilled sample --model var-dd-d16 --class 207,360 --count 8 --steps 2  eight of each class, in two steps
  $ distilled sample --model var-dd-d16 --class otter --teacher-from 4 --timesteps 0,5   better still
  $ distilled sample --model var-dd-d16 --class otter --teacher-only      the slow original to compare
  $ distilled sample --student my.pth --tokenizer vae.pth --class 0-9     your own files
  $ distilled sample --like samples/000000.png                            the same image again
  $ distilled sample --model var-dd-d16 --labels random --count 50000 --out run   for evaluation; the same command continues it
  $ distilled sample --model var-dd-d16 --labels random --count 50000 --out run --shard 0/4    a quarter of it
  $ distilled sample merge run                                            after all four parts
  $ distilled sample export run --format png --out images                 what pytorch-fid reads (npz: the ADM evaluator)

Classes: distilled models --classes. The released models take ImageNet's 1000 labels, not free text.`

export function sampleCommand(io: Io): Command {
  const command = new Command('sample')
  return addSampleFlags(command)
    .addHelpText('after', examples)
    .helpCommand(false)
    .addCommand(mergeSamplesCommand(io))
    .addCommand(exportCommand(io))
    .action((flags: SampleFlags) => {
      const { labels } = flags
      if (labels === undefined) return sampleImages(flags, io)
      return massSample({ ...orEmbedded(flags, commandOutput(io, flags)), labels }, io)
    })
}

/** Where and how single images are written. */
type FormatFlags = SampleFlags & Required<Pick<SampleFlags, 'format'>>
type FileFlags = FormatFlags & Required<Pick<SampleFlags, 'out'>>

function withFiles(flags: SampleFlags): FormatFlags {
  const idle = (['shard', 'chunk'] as const).find((name) => flags[name] !== undefined)
  if (idle) throw new UsageError(`--${idle} belongs to a run of many images.`, { remedy: 'Give --labels random.' })
  return { ...flags, format: flags.format ?? 'png' }
}

async function sampleImages(given: SampleFlags, io: Io): Promise<void> {
  const output = commandOutput(io, given)
  const { flags: liked, firstIndex, batched, recipe } = await withLike(given)
  const flags = withFiles(orEmbedded(liked, output))
  const labels = flags.class
  if (!labels) {
    const example = flags.model?.startsWith('sprites') ? '--class boat' : '--class otter, or --class 207,360'
    throw new UsageError('No class was given.', { remedy: `For example ${example}.` })
  }
  const noise = flags.noise === undefined ? undefined : await readNoise(flags.noise)
  if (flags.dump !== undefined) await requireFolder(dirname(flags.dump), '--dump')
  if (flags.out !== undefined) await makeFolder(flags.out)

  const started = performance.now()
  const model = await loadSampled(flags, io)
  try {
    const classes = resolveClasses(labels, model.classes)
    const { count: perClass = 1, seed, rng, batch } = flags
    const total = classes.length * perClass
    checkTotal(total, model, flags, given, firstIndex)
    const companion = batched && total === 1 ? 1 : 0
    const mixed = recipe && new Array<NoiseRecipe>(total + companion).fill(recipe)
    const own = noise && given.like !== undefined ? firstRows(noise, firstIndex + total, companion) : noise
    const options = {
      ...nestedOptions(flags),
      classes,
      count: perClass,
      seed,
      rng,
      batch,
      firstIndex,
      lean: true,
      signal: io.signal,
      noise: own ?? mixed,
    }
    announce(model, options, flags, output)
    const run = runOf(model, options, flags, recipe)
    const out = await outputFolder({ ...flags, like: given.like }, run)
    await using _lock = await lockFolder(out, 'another run of distilled sample')
    await sampleTo(
      model,
      options,
      { ...flags, out },
      { io, output, loaded: (performance.now() - started) / 1000, companion },
    )
  } finally {
    await model.dispose()
  }
}

/** What would fill the memory is refused before it is asked for. */
function checkTotal(total: number, model: Model, flags: SampleFlags, given: SampleFlags, firstIndex: number): void {
  if (total > mostImages) {
    throw new UsageError(`${count(total)} images are more than the ${count(mostImages)} that one run makes.`, {
      remedy: 'Take a smaller --count, or --labels, whose runs are kept in shards.',
    })
  }
  const { family } = model
  const bytes = 4 * (firstIndex + total) * tokensBefore(family, family.groups.length) * family.channels
  if (flags.rng === 'torch' && given.rng === undefined && bytes > mostLikedNoise) {
    throw new UsageError(
      `--like ${given.like}: its noise is number ${firstIndex} of torch's generator, which takes ${byteSize(bytes)} of memory.`,
      { remedy: 'Give --rng torch as well if that is what you want.' },
    )
  }
}

/** torch's generator makes the noise of all earlier images first; a file of a stranger may say any number. */
const mostLikedNoise = 200e6

interface Surroundings {
  io: Io
  output: CommandOutput
  /** Seconds that loading took. */
  loaded: number
  /** 1 when an image is sampled with another that is dropped, so that it comes out as it did in a batch. */
  companion: number
}

interface Asked extends SampleOptions {
  classes: number[]
  count: number
  firstIndex: number
}

async function sampleTo(
  model: Model,
  options: Asked,
  flags: FileFlags,
  { io, output, loaded, companion }: Surroundings,
) {
  const total = options.classes.length * options.count
  const sinks = sinksOf(model, options, flags, io.signal)
  const images: ReturnType<typeof describe>[] = []
  const bar = progress(io.stderr, flags)
  const started = performance.now()
  const onProgress = reporter(bar, total, started)
  const onAbort = () => {
    bar.end()
    output.note('Stopping after the current step; Ctrl-C again stops at once.')
  }
  io.signal.addEventListener('abort', onAbort)
  let written: string[] = []
  try {
    const streamed = companion ? { ...options, count: 2, batch: 2 } : options
    for await (const result of model.stream({ ...streamed, onProgress })) {
      const paths = await each(sinks, (sink) => sink.add(result))
      images.push(describe(result, paths[0]))
      if (images.length === total) break
    }
    written = await each(sinks, (sink) => sink.finish())
  } catch (error) {
    if (!io.signal.aborted) throw error
    const kept = flags.format === 'npz' ? 0 : images.length
    throw new Interrupted(`Interrupted: ${kept} of ${plural(total, 'image')} written${kept ? ` to ${flags.out}` : ''}.`)
  } finally {
    io.signal.removeEventListener('abort', onAbort)
    bar.end()
  }
  const seconds = (performance.now() - started) / 1000
  const timings = { load: round(loaded), sample: round(seconds), perImage: round(seconds / total) }
  const paths = [...images.flatMap((image) => image.file ?? []), ...written]
  output.result(summary(paths, written, timings, total), {
    files: paths,
    settings: settingsOf(model, options, flags),
    device: model.engine.device,
    reason: model.engine.reason,
    threads: model.engine.threads,
    timings,
    images,
  })
}

/** What is known of the run before its first image is made. */
function runOf(model: Model, options: Asked, flags: FormatFlags, noise: NoiseRecipe | undefined): SampledRun {
  const { classes, count: perClass, firstIndex, seed = 0, rng = 'philox' } = options
  const format = flags.format === 'npz' ? 'png' : flags.format
  const isSingle = flags.format !== 'npz'
  const shared = { model: model.name, seed, rng, plan: model.plan(options), ...model.weights, ...(noise && { noise }) }
  return {
    settings: flags.noise === undefined ? shared : undefined,
    labels: classes.flatMap((id) => new Array<number>(perClass).fill(id)),
    firstIndex,
    format,
    single: isSingle,
    count: perClass,
    grid: classes.length * perClass > 1 && (isSingle || flags.grid !== undefined),
  }
}

function sinksOf(model: Model, options: Asked, flags: FileFlags, signal: AbortSignal): Sink[] {
  const { format, out: folder, metadata, dump } = flags
  const { classes, count, batch } = options
  const total = classes.length * count
  const imageOptions = { folder, format: format === 'npz' ? ('png' as const) : format, metadata, signal }
  const sinks: Sink[] = [
    format === 'npz'
      ? npzFile(folder, total, model.imageSize, signal, metadata ? provenance({ model: model.name }) : '')
      : imageFiles(imageOptions),
  ]
  if (total > 1 && (format !== 'npz' || flags.grid !== undefined)) {
    const columns = flags.grid ?? (count > 1 ? Math.min(count, 10) : Math.ceil(Math.sqrt(classes.length)))
    sinks.push(
      gridFile(imageOptions, columns, ({ class: _, className: __, ...rest }) => ({ ...rest, classes, count, batch })),
    )
  }
  if (dump !== undefined) sinks.push(dumpFile(dump, total, model, signal))
  return sinks
}

/** What a person should know before the images come. */
function announce(model: Model, options: Asked, flags: FormatFlags, { note }: CommandOutput): void {
  const plan = model.plan(options)
  const { device, reason, threads } = model.engine
  note(`device: ${device}, ${plural(threads, 'thread')} (${reason})`)
  const idle = idleTeacherFlags(flags)
  if (plan.kind === 'student' && idle.length && flags.like === undefined) {
    note(`note: no effect of ${idle.join(', ')}: no teacher takes part (--teacher-from, --teacher-only, --flow).`)
  }
  const sensitive = [...new Set(options.classes)].map((id) => model.classInfo(id)).filter((info) => info.sensitive)
  if (sensitive.length) {
    const names = sensitive.map((info) => `${info.id} ${info.name}`).join(', ')
    note(`note: sensitive ${sensitive.length === 1 ? 'class' : 'classes'} ${names}: look before you pass images on.`)
  }
  const flagged = [...new Set(options.classes)].filter((id) => model.policy?.verdict(id) === 'flag')
  if (flagged.length) {
    const names = flagged.map((id) => `${id} ${model.classInfo(id).name}`).join(', ')
    note(`note: flagged by ${model.policy?.name}: ${names}.`)
  }
  const total = options.classes.length * options.count
  if (total > mostGridImages && flags.format !== 'npz') note(`note: the grid shows the first ${mostGridImages} images.`)
}

/** Progress in units of one network evaluation or one decoded image. */
function reporter(bar: ReturnType<typeof progress>, total: number, started: number) {
  let units = 0
  let done = 0
  let steps = 1
  return (event: SampleProgress) => {
    if (event.type === 'step') {
      units += event.images.length
      steps = event.steps
    } else {
      units++
      done = event.done
    }
    const step = event.type === 'step' ? `, step ${event.step} of ${event.steps}` : ''
    const fraction = Math.min(1, units / (total * (steps + 1)))
    const left = fraction < 1 ? `, ${duration(secondsLeft(started, fraction))} left` : ''
    bar.update(fraction, `${done} of ${plural(total, 'image')}${step}${left}`)
  }
}

function describe({ image, index, class: info, flagged }: SampleResult, file: string | undefined) {
  const { id, name, sensitive } = info
  return { file: file ?? null, index, class: id, className: name, sensitive, flagged, seed: image.settings?.seed }
}

/** The settings all images of the run share. */
function settingsOf(model: Model, options: Asked, flags: FileFlags) {
  const { classes, count, firstIndex } = options
  return {
    model: model.name,
    classes,
    count,
    seed: options.seed ?? 0,
    firstIndex,
    rng: options.noise && !Array.isArray(options.noise) ? 'given' : (options.rng ?? 'philox'),
    plan: model.plan(options),
    dtype: flags.dtype ?? 'fp32',
    ema: flags.ema,
    format: flags.format,
  }
}

function summary(
  files: readonly string[],
  written: readonly string[],
  { load: loading, sample, perImage }: { load: number; sample: number; perImage: number },
  total: number,
): string {
  const times = `${duration(perImage)} an image, ${duration(sample)} in all; loading took ${duration(loading)}`
  const single = files.length - written.length
  const shown = single > 1 ? [`${files[0]} ... ${files[single - 1]}`, ...written] : files
  return `${shown.join('\n')}\n${plural(total, 'image')}: ${times}`
}

async function readNoise(path: string): Promise<GivenNoise> {
  const checkpoint = await openFile(path)
  try {
    const tensor = checkpoint.format === 'npy' ? checkpoint.tensors().get('arr_0') : undefined
    if (tensor?.dtype !== 'float32' || tensor.shape.length !== 3) {
      const found = tensor ? `${tensor.dtype} [${tensor.shape.join(', ')}]` : `a ${checkpoint.format} file`
      throw new UsageError(
        `--noise ${path}: expected a .npy file with float32 [images, tokens, channels], got ${found}.`,
      )
    }
    const data = toFloat32(await tensor.read(), 'float32')
    checkFinite(path, data, tensor.shape)
    return { data, shape: tensor.shape }
  } finally {
    await checkpoint.close()
  }
}

/** One value that is none spoils its whole image, which would be grey without a word. */
function checkFinite(path: string, data: Float32Array, shape: readonly number[]): void {
  const at = data.findIndex((value) => !Number.isFinite(value))
  if (at < 0) return
  const [, tokens = 1, channels = 1] = shape
  const place = [Math.floor(at / (tokens * channels)), Math.floor(at / channels) % tokens, at % channels]
  throw new UsageError(
    `--noise ${path}: the value at [${place.join(', ')}] is ${data[at]}, and noise is finite numbers.`,
    {
      remedy: 'Draw it again, for example with torch.randn or numpy.random.standard_normal.',
    },
  )
}

/** The rows of a noise file that `--like` an image in the middle of a run needs, and zeros for its companion. */
function firstRows({ data, shape }: GivenNoise, rows: number, companion: number) {
  const [n = 0, ...rest] = shape
  if (n < rows) return { data, shape }
  const size = data.length / n
  const padded = new Float32Array((rows + companion) * size)
  padded.set(data.subarray(0, rows * size))
  return { data: padded, shape: [rows + companion, ...rest] }
}

async function requireFolder(folder: string, flag: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory())
    throw new UsageError(`${flag}: there is no folder ${folder}.`, { remedy: 'Create it first.' })
}

/** What `use` gives for each sink, without those that give nothing. */
async function each(sinks: readonly Sink[], use: (sink: Sink) => Promise<string | undefined>): Promise<string[]> {
  const found: string[] = []
  for (const sink of sinks) {
    const path = await use(sink)
    if (path !== undefined) found.push(path)
  }
  return found
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000
