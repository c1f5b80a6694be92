// `distilled evaluate`: samples against a reference, with the protocol beside every figure; `--compare` says whether two results
// may stand side by side.

import { Command, Option } from 'commander'
import { DistilledError, oneOf, UsageError } from '../core/errors.ts'
import { plural } from '../core/format.ts'
import { spriteClasses } from '../data/node/sprites.ts'
import { createEngine, runtimeVersion } from '../engine/node/engine.ts'
import { comparable } from '../evaluate/compare.ts'
import { evaluate } from '../evaluate/evaluate.ts'
import { openFeatureReader } from '../evaluate/node/open-reader.ts'
import { readResult } from '../evaluate/node/read-result.ts'
import { type LabelScheme, labelsOf, publishedCount } from '../evaluate/protocols.ts'
import { type MetricName, metricNames, type ProtocolName, protocolNames } from '../evaluate/result.ts'
import { mixture } from '../evaluate/sets/origin.ts'
import type { EvaluationSet } from '../evaluate/sets/set.ts'
import { modelSet, openSamplesOrSet } from '../library/node/evaluation-sets.ts'
import type { Model } from '../library/node/model.ts'
import { samplerFacts } from '../library/node/sampler-facts.ts'
import { version } from '../library/node/version.ts'
import { nestedOptions } from '../sampling/plan-options.ts'
import { bounds } from './bounds.ts'
import { cropOption, refuseIdleCrop } from './crop-option.ts'
import { checkOutputs, saveEvaluation } from './evaluate-files.ts'
import { formatComparison, formatResult } from './evaluate-text.ts'
import { commandOutput, duration, Interrupted, type Io } from './io.ts'
import { wholeNumber } from './parse.ts'
import { hideProgress, type Progress, progress, secondsLeft, showProgress } from './progress.ts'
import { addSamplerFlags, idleTeacherFlags, type SampleFlags } from './sample-flags.ts'
import { loadSampled } from './sample-model.ts'

const examples = `
Examples:
  $ distilled evaluate --model sprites-var-dd                       an embedded model, in the features of its own classifier
  $ distilled evaluate --model var-dd-d16 --reference imagenet-dd --features pt_inception-2015-12-05-6726825d.pth
  $ distilled evaluate samples --reference imagenet-dd --features pt_inception-2015-12-05-6726825d.pth --save one-step.json
  $ distilled evaluate mine.npz --reference VIRTUAL_imagenet256_labeled.npz --protocol adm --features inception.pth
  $ distilled evaluate features.npz --reference other-features.npz  features of any extractor: no images needed
  $ distilled evaluate --compare one-step.json two-steps.json       whether they may be compared

Two protocols are called FID: dd (pytorch-fid, random labels) and adm (guided diffusion's evaluator, as many images of every
class). Every figure is printed with its protocol; figures in other features than Inception's are not ImageNet FIDs.`

interface Flags extends SampleFlags {
  reference?: string
  protocol: ProtocolName
  metrics?: MetricName[]
  kidSubset?: number
  crop?: number
  features?: string
  labels?: LabelScheme
  save?: string
  saveStats?: string
  saveGrid?: string
  compare?: string[]
}

export function evaluateCommand(io: Io): Command {
  const command = new Command('evaluate')
    .argument(
      '[samples]',
      'a folder of images, an .npz of images or features, or a folder of `distilled sample --labels` or `features`',
    )
    .option('-r, --reference <what>', 'as samples, or statistics (.npz or .pth), or imagenet-dd, imagenet-adm, sprites')
    .addOption(new Option('--protocol <name>', 'dd (default) or adm').choices(protocolNames).default('dd'))
    .option(
      '--metrics <list>',
      `separated by commas: ${metricNames.join(', ')} (default: those of the protocol)`,
      metricList,
    )
    .option(
      '--features <file>',
      "Inception's weights (pt_inception-2015-12-05-6726825d.pth), an .onnx file, or sprites",
    )
    .addOption(cropOption())
    .option(
      '-n, --count <images>',
      `with --model: images (default: ${publishedCount}; 10000 for embedded models)`,
      wholeNumber(...bounds.count),
    )
    .option(
      '-s, --seed <number>',
      'with --model: image i depends only on seed and i (default: 0)',
      wholeNumber(...bounds.seed),
    )
    .addOption(
      new Option('--labels <how>', 'with --model: random or balanced (default: as the protocol says)').choices([
        'random',
        'balanced',
      ]),
    )
    .option(
      '--kid-subset <images>',
      "images of each of KID's 100 subsets (default: 1000, or the smaller set)",
      wholeNumber(2, 10_000),
    )
    .option('--save <file>', 'the result as JSON, for --compare and `distilled report`')
    .option('--save-stats <file>', "an .npz with the samples' mu and sigma, which can be a reference")
    .option('--save-grid <file>', 'a sheet of the first samples (.png); the result names it')
    .option('--force', 'replace files that distilled evaluate did not write')
    .option('--compare <results...>', 'say whether two results may be compared, and if not, why')
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'print only errors')
    .addOption(showProgress())
    .addOption(hideProgress())
  return addSamplerFlags(command)
    .addHelpText('after', examples)
    .action((samples: string | undefined, flags: Flags) =>
      flags.compare ? compare(samples, flags, io) : run(samples, flags, io),
    )
}

async function compare(samples: string | undefined, { compare: paths = [], ...flags }: Flags, io: Io): Promise<void> {
  if (samples !== undefined || flags.model !== undefined) {
    throw new UsageError('--compare reads results and measures nothing.', {
      remedy: `Evaluate ${samples ?? flags.model} with --save first.`,
    })
  }
  if (paths.length !== 2) {
    throw new UsageError(`--compare takes two results, got ${paths.length}.`, {
      remedy: 'distilled evaluate --compare A.json B.json',
    })
  }
  const a = await readResult(paths[0]!)
  const b = await readResult(paths[1]!)
  const found = comparable(a.protocol, b.protocol)
  commandOutput(io, flags).result(formatComparison(paths as [string, string], [a, b], found), found)
  if (found.comparable) return
  const fields = found.differences.filter(({ weight }) => weight === 'forbids').map(({ field }) => field)
  throw new DistilledError(`${paths[0]} and ${paths[1]} may not be compared: they differ in ${fields.join(', ')}.`)
}

/** Everything that is open while an evaluation runs. */
interface Opened {
  samples: EvaluationSet
  /** Undefined if only the Inception Score is measured. */
  reference: EvaluationSet | undefined
  model?: Model
}

async function run(path: string | undefined, flags: Flags, io: Io): Promise<void> {
  const output = commandOutput(io, flags)
  const bar = progress(io.stderr, flags)
  if (flags.kidSubset !== undefined && !flags.metrics?.includes('kid'))
    throw new UsageError('--kid-subset is for KID, which is not measured.', { remedy: 'Add --metrics kid.' })
  await checkOutputs(flags, {
    'the samples': path,
    '--reference': flags.reference,
    '--features': flags.features,
    '--model': flags.model,
    '--student': flags.student,
    '--teacher': flags.teacher,
    '--tokenizer': flags.tokenizer,
    '--config': flags.config,
    '--policy': flags.policy,
  })
  const { samples, reference, model } = await open(path, flags, io)
  try {
    refuseIdleCrop(flags.crop, [samples, reference])
    const features = flags.features ?? (drawn(model) ? 'sprites' : undefined)
    await using own = model
      ? undefined
      : await createEngine({ device: flags.device ?? 'auto', ...(flags.threads && { threads: flags.threads }) })
    const engine = model?.engine ?? own!
    const { protocol } = flags
    await using reader = features === undefined ? undefined : await openFeatureReader(features, { engine, protocol })
    if (!reader && samples.images && !samples.matrices) {
      throw new UsageError('Images need a network that reads them.', {
        remedy: "Name Inception's weights with --features FILE, or --features sprites for the drawn sprites.",
      })
    }
    output.note(`device: ${engine.device}, ${plural(engine.threads, 'thread')} (${engine.reason})`)
    if (samples.images?.lossy)
      output.note('warning: lossy image files among the samples; compression moves every metric.')
    for (const [what, set] of Object.entries({ samples, reference })) {
      const mixed = set?.origin && mixture(set.origin)
      if (mixed) output.note(`warning: not all images of the ${what} come from one run: ${mixed}.`)
    }
    const idle = model && model.plan(nestedOptions(flags)).kind === 'student' ? idleTeacherFlags(flags) : []
    if (idle.length) output.note(`note: no effect of ${idle.join(', ')}: no teacher takes part.`)
    const sampler = model && (await samplerFacts(model, nestedOptions(flags), io.signal))
    const { result, measured } = await evaluate({
      samples,
      reference,
      reader,
      engine,
      protocol,
      metrics: flags.metrics,
      signal: io.signal,
      kidSubset: flags.kidSubset,
      ...(sampler && { sampler }),
      ...(flags.batch && { batch: flags.batch * Math.ceil(64 / flags.batch) }), // no image is made twice
      ...(model && { classes: Array.from({ length: model.family.numClasses }, (_, id) => model.classInfo(id).name) }),
      versions: { 'distilled-decoding': version(), onnxruntime: runtimeVersion, node: process.versions.node },
      onWarning: (text) => output.note(`warning: ${text}`),
      onSkip: (metric, why) => output.note(`note: no ${metric}: ${why}.`),
      onProgress: reporter(bar),
    })
    bar.end()
    // Figures that took hours are printed even if their files cannot be written.
    const saved = saveEvaluation(result, measured.samples, samples, flags, output)
    await saved.finally(() => output.result(formatResult(result), result))
  } catch (error) {
    if (!io.signal.aborted) throw error
    throw new Interrupted(
      'Interrupted. For work that survives it: `distilled sample --labels` and `distilled features`, then evaluate.',
    )
  } finally {
    bar.end()
    await samples.close()
    await reference?.close()
    await model?.dispose()
  }
}

async function open(path: string | undefined, flags: Flags, io: Io): Promise<Opened> {
  const { protocol } = flags
  if (path !== undefined) {
    if (flags.model) throw new UsageError('Give samples or --model, not both.')
    refuseSamplerFlags(flags)
    if (flags.reference === undefined && !scoreAlone(flags)) throw noReference()
    const samples = await openSamplesOrSet(path, { sprites: 10_000, crop: flags.crop })
    return { samples, reference: await openReference(flags, flags.reference, samples.count ?? 10_000) }
  }
  const { model: name, student, teacher } = flags
  if (name === undefined && student === undefined && teacher === undefined) {
    throw new UsageError('Nothing to evaluate.', { remedy: 'Name a folder or file of samples, or --model NAME.' })
  }
  const model = await loadSampled(flags, io)
  try {
    const count = flags.count ?? (drawn(model) ? 10_000 - (10_000 % model.family.numClasses) : publishedCount)
    const reference = flags.reference ?? (drawn(model) ? 'sprites' : undefined)
    if (reference === undefined && !scoreAlone(flags)) throw noReference()
    const options = {
      count,
      labels: flags.labels ?? labelsOf[protocol],
      seed: flags.seed,
      rng: flags.rng,
      batch: flags.batch,
      plan: model.plan(nestedOptions(flags)),
    }
    const samples = await modelSet(model, { ...options, signal: io.signal })
    return { model, samples, reference: await openReference(flags, reference, count) }
  } catch (error) {
    await model.dispose()
    throw error
  }
}

/** Samples that are there are measured as they are, all of them: a flag of a model's would be passed over. */
function refuseSamplerFlags(flags: Flags): void {
  const useless = [...ofModels.filter((name) => flags[name] !== undefined), ...(flags.ema ? [] : ['no-ema'])]
  if (!useless.length) return
  const typed = useless.map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`)
  throw new UsageError(`${typed.join(', ')}: only for samples that a model makes.`, {
    remedy: 'Leave it out, or name a model with --model instead of samples.',
  })
}

const ofModels = [
  ...(['student', 'teacher', 'tokenizer', 'config', 'policy', 'count', 'seed', 'labels', 'rng', 'batch'] as const),
  ...(['steps', 'timesteps', 'split', 'teacherFrom', 'cfg', 'cfgInterval', 'topK', 'topP'] as const),
  ...(['teacherOnly', 'flow', 'solver', 'odeSteps', 'greedy', 'temperature', 'prefixMask', 'dtype'] as const),
]

/** Whether a model draws the sprites, whose reference and features come with the package. */
const drawn = (model: Model | undefined): boolean => model?.classes.labels.join() === spriteClasses.join()

/** The Inception Score needs only the samples. */
const scoreAlone = ({ metrics }: Flags): boolean => metrics?.every((metric) => metric === 'is') ?? false

const openReference = async (
  { crop }: Flags,
  what: string | undefined,
  sprites: number,
): Promise<EvaluationSet | undefined> => (what === undefined ? undefined : openSamplesOrSet(what, { sprites, crop }))

const noReference = () =>
  new UsageError('There is no reference to compare with.', {
    remedy:
      'For example --reference imagenet-dd, or a folder of real images. The Inception Score alone (--metrics is) needs no reference.',
  })

/** One line per stage, with the time that is left of it. */
function reporter(bar: Progress) {
  let stage = ''
  let started = 0
  return (now: string, done: number, total: number) => {
    if (now !== stage) [stage, started] = [now, performance.now()]
    const left = done > 0 && done < total ? `, ${duration(secondsLeft(started, done / total))} left` : ''
    bar.update(done / total, `${now}: ${done} of ${total}${left}`)
  }
}

function metricList(text: string): MetricName[] {
  return text.split(',').map((name) => oneOf('metric', name.trim().toLowerCase() as MetricName, metricNames))
}
