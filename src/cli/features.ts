// `distilled features`: a network's features of images, kept in resumable shards; evaluation spends its time here, so this is
// what many machines share. `distilled features merge` proves that all of them are there.

import { basename } from 'node:path'
import { Command, Option } from 'commander'
import { UsageError } from '../core/errors.ts'
import { plural } from '../core/format.ts'
import { createEngine } from '../engine/node/engine.ts'
import { type Device, devices } from '../engine/types.ts'
import { extractFeatures, mergeFeatures } from '../evaluate/node/feature-files.ts'
import { openFeatureReader } from '../evaluate/node/open-reader.ts'
import { type ProtocolName, protocolNames } from '../evaluate/result.ts'
import { refuseOverwriting } from '../images/node/overwriting.ts'
import { openSamplesOrSet } from '../library/node/evaluation-sets.ts'
import { version } from '../library/node/version.ts'
import { bounds } from './bounds.ts'
import { cropOption, refuseIdleCrop } from './crop-option.ts'
import { commandOutput, type Io } from './io.ts'
import { wholeNumber } from './parse.ts'
import { hideProgress, showProgress } from './progress.ts'
import { type JobWords, mergeCommand, runShardJob } from './shard-job.ts'

const examples = `
Examples:
  $ distilled features samples --features pt_inception-2015-12-05-6726825d.pth --out features
  $ distilled features samples --features sprites --shard 0/4 --out features     a quarter, on this machine or another
  $ distilled features merge features                                            when all quarters are done
  $ distilled evaluate features --reference imagenet-dd

If it is stopped, the same command continues. Row i depends only on image i. In a Slurm array, a Kubernetes Indexed Job or under
torchrun the shard is that of the task, as for \`distilled pairs\`.`

interface Flags {
  features?: string
  protocol: ProtocolName
  out?: string
  shard?: string
  chunk?: number
  crop?: number
  device: Device
  threads?: number
  json?: boolean
  quiet?: boolean
  progress?: boolean
}

export function featuresCommand(io: Io): Command {
  return new Command('features')
    .argument('<samples>', 'a folder of images, an .npz with arr_0, or a folder of `distilled sample --labels`')
    .option(
      '--features <file>',
      "Inception's weights (pt_inception-2015-12-05-6726825d.pth), an .onnx file, or sprites (required)",
    )
    .addOption(
      new Option('--protocol <name>', 'preprocessing for Inception: dd (default) or adm')
        .choices(protocolNames)
        .default('dd'),
    )
    .addOption(cropOption())
    .option('-o, --out <folder>', 'folder of the features (default: features)')
    .option('--shard <i/n>', 'read only part i of n, counted from 0 (default: all, or as the scheduler says)')
    .option(
      '--chunk <images>',
      'images per file, the least that a shard reads (default: 1000)',
      wholeNumber(...bounds.chunk),
    )
    .addOption(new Option('--device <name>', `${devices.join(', ')} (default: auto)`).choices(devices).default('auto'))
    .option('--threads <number>', 'threads to compute with (default: all cores)', wholeNumber(...bounds.threads))
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'print only errors')
    .addOption(showProgress())
    .addOption(hideProgress())
    .addHelpText('after', examples)
    .helpCommand(false)
    .addCommand(mergeCommand(io, { unit: 'image', what: 'a job', merge: mergeFeatures }))
    .action((samples: string, flags: Flags) => features(samples, flags, io))
}

async function features(what: string, flags: Flags, io: Io): Promise<void> {
  const output = commandOutput(io, flags)
  const { out: folder = 'features', features: network, protocol, device, threads, chunk } = flags
  if (network === undefined) {
    throw new UsageError('Features of which network?', {
      remedy: 'Name its file with --features, or take --features sprites.',
    })
  }
  const inputs = { 'the samples': what, '--features': network }
  await refuseOverwriting(
    Object.entries(inputs).map(([name, path]) => ({ name, path })),
    [{ name: '--out', path: folder }],
  )
  const samples = await openSamplesOrSet(what, { sprites: 10_000, crop: flags.crop })
  refuseIdleCrop(flags.crop, [samples])
  try {
    await using engine = await createEngine({ device, ...(threads && { threads }) })
    await using reader = await openFeatureReader(network, { engine, protocol })
    output.note(`device: ${engine.device}, ${plural(engine.threads, 'thread')} (${engine.reason})`)
    output.note(`features: ${reader.name}, SHA-256 ${reader.sha256}`)
    if (samples.images?.lossy) output.note('warning: lossy image files; compression moves every metric.')
    const readerFile = network === 'sprites' ? 'sprites' : basename(network)
    const job = { folder, samples, reader, readerFile, protocol, chunk, madeBy: `distilled-decoding ${version()}` }
    await runShardJob({ ...flags, out: folder }, io, words, (work) => extractFeatures({ ...job, ...work }))
  } finally {
    await samples.close()
  }
}

const words: JobWords = { unit: 'image', units: 'images', merge: ['distilled', 'features', 'merge'] }
