// `distilled pairs`: the (class, noise, tokens) pairs that a student learns from, made by a teacher in resumable shards;
// `distilled pairs merge` proves that all of them are there.

import { basename } from 'node:path'
import { Command, Option } from 'commander'
import { UsageError } from '../core/errors.ts'
import { plural } from '../core/format.ts'
import { defaultChunk } from '../distill/pair-files.ts'
import { defaultBatch, makePairs, mergePairs, type PairOrigin } from '../distill/pairs.ts'
import { type Device, devices } from '../engine/types.ts'
import { refuseOverwriting } from '../images/node/overwriting.ts'
import { fileSha256 } from '../jobs/node/manifest.ts'
import { load } from '../library/node/load.ts'
import type { Model } from '../library/node/model.ts'
import type { ModelFiles } from '../library/node/open.ts'
import { version } from '../library/node/version.ts'
import { defaultFlow, type Solver } from '../sampling/flow-schedule.ts'
import { type FlatOptions, nestedOptions } from '../sampling/plan-options.ts'
import { programCache } from '../sampling/programs.ts'
import { models } from '../zoo/registry.ts'
import { bounds } from './bounds.ts'
import { readConfig } from './config.ts'
import { commandOutput, type Io } from './io.ts'
import { wholeNumber } from './parse.ts'
import { hideProgress, showProgress } from './progress.ts'
import { planFlag } from './sample-flags.ts'
import { notes } from './sample-model.ts'
import { type JobWords, mergeCommand, runShardJob } from './shard-job.ts'

const examples = `
Examples:
  $ distilled pairs --teacher var-d16 --out pairs --count 600000
  $ distilled pairs --teacher my.pth --tokenizer vae.pth --out pairs --count 20000 --top-k 0
  $ distilled pairs --teacher var-d16 --out pairs --count 600000 --shard 0/4    a quarter, on this machine or another
  $ distilled pairs merge pairs                                                 when all quarters are done

If it is stopped, the same command continues. Pair i depends only on the seed and i. In a Slurm array, a
Kubernetes Indexed Job or under torchrun the shard is that of the task (SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT;
JOB_COMPLETION_INDEX and JOB_COMPLETIONS; RANK and WORLD_SIZE).`

interface Flags extends FlatOptions {
  teacher?: string
  tokenizer?: string
  config?: string
  out?: string
  count?: number
  seed: number
  shard?: string
  chunk?: number
  solver: Solver
  odeSteps: number
  batch?: number
  device: Device
  threads?: number
  json?: boolean
  quiet?: boolean
  progress?: boolean
}

export function pairsCommand(io: Io): Command {
  const batches = `${defaultBatch.var} for VAR, ${defaultBatch.llamagen} for LlamaGen`
  return new Command('pairs')
    .option('-t, --teacher <name>', 'a teacher from `distilled models`, its file, or the folder of its training')
    .option('--tokenizer <file>', "the tokenizer's checkpoint or folder, for a teacher that is a file")
    .option(
      '--config <file>',
      'JSON with what tensor shapes do not tell: {"family": "llamagen", "heads": 4, "tokens": 16}',
    )
    .option('-o, --out <folder>', 'folder of the pairs (default: pairs)')
    .option('-n, --count <pairs>', 'pairs of the whole job, in all shards', wholeNumber(...bounds.count))
    .option('-s, --seed <number>', 'seeds the noise (default: 0)', wholeNumber(...bounds.seed), 0)
    .option('--shard <i/n>', 'make only part i of n, counted from 0 (default: all, or as the scheduler says)')
    .option(
      '--chunk <pairs>',
      `pairs per file, the least that a shard makes (default: ${defaultChunk})`,
      wholeNumber(...bounds.chunk),
    )
    .addOption(planFlag('solver').default(defaultFlow.solver))
    .addOption(planFlag('odeSteps', `steps of the solver (default: ${defaultFlow.steps})`).default(defaultFlow.steps))
    .addOption(planFlag('cfg', 'classifier-free guidance (default: as published)'))
    .addOption(planFlag('cfgInterval'))
    .addOption(planFlag('topK'))
    .addOption(planFlag('topP'))
    .addOption(planFlag('temperature'))
    .option(
      '--batch <pairs>',
      `pairs computed together; more take more memory (default: ${batches})`,
      wholeNumber(...bounds.batch),
    )
    .addOption(new Option('--device <name>', `${devices.join(', ')} (default: auto)`).choices(devices).default('auto'))
    .option('--threads <number>', 'threads to compute with (default: all cores)', wholeNumber(...bounds.threads))
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'print only errors')
    .addOption(showProgress())
    .addOption(hideProgress())
    .addHelpText('after', examples)
    .helpCommand(false)
    .addCommand(mergeCommand(io, { unit: 'pair', what: 'a job', merge: mergePairs }))
    .action((flags: Flags) => pairsOf(flags, io))
}

async function pairsOf(flags: Flags, io: Io): Promise<void> {
  const { out = 'pairs', count, seed, chunk, solver, odeSteps, batch } = flags
  if (count === undefined) throw new UsageError('How many pairs?', { remedy: 'For example --count 20000.' })
  const inputs = { '--teacher': flags.teacher, '--tokenizer': flags.tokenizer, '--config': flags.config }
  await refuseOverwriting(
    Object.entries(inputs).flatMap(([name, path]) => (path === undefined ? [] : [{ name, path }])),
    [{ name: '--out', path: out }],
  )
  const { model, origin } = await openTeacher(flags, io)
  const { engine, family } = model
  const programs = programCache(engine)
  try {
    const teacher = teacherSettings(model, flags)
    commandOutput(io, flags).note(`device: ${engine.device}, ${plural(engine.threads, 'thread')} (${engine.reason})`)
    const flow = { solver, steps: odeSteps }
    await runShardJob({ ...flags, out }, io, words, (work) =>
      makePairs(family, programs, { folder: out, count, seed, teacher, origin, flow, batch, chunk, ...work }),
    )
  } finally {
    await model.dispose()
  }
}

const words: JobWords = { unit: 'pair', units: 'pairs', merge: ['distilled', 'pairs', 'merge'] }

/** A teacher by name or file, and the hashes of what it and its tokenizer are read from. */
async function openTeacher({ teacher, tokenizer, ...flags }: Flags, io: Io) {
  const { signal } = io
  if (teacher === undefined) {
    throw new UsageError('No teacher was named.', { remedy: 'For example --teacher var-d16, or --teacher FILE.' })
  }
  const named = models.some(({ name, kind }) => name === teacher && kind === 'teacher')
  const config = flags.config === undefined ? undefined : await readConfig(flags.config)
  const { device, threads } = flags
  const model = await load(named ? teacher : undefined, {
    teacher: named ? undefined : teacher,
    tokenizer,
    device,
    threads,
    config,
    signal,
    onProgress: notes(io, flags),
  })
  const files = model.files as Required<ModelFiles>
  const origin: PairOrigin = {
    teacher: named ? teacher : basename(files.teacher),
    teacherSha256: await fileSha256(files.teacher, signal),
    tokenizer: basename(files.tokenizer),
    tokenizerSha256: await fileSha256(files.tokenizer, signal),
    device: model.engine.device,
    madeBy: `distilled-decoding ${version()}`,
  }
  return { model, origin }
}

function teacherSettings(model: Model, flags: Flags) {
  const plan = model.plan({ teacherOnly: true, teacher: nestedOptions(flags).teacher })
  if (plan.kind !== 'teacher') throw new UsageError('Pairs are made by a teacher alone.')
  return plan.teacher
}
