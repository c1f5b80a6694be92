// The flags of `distilled sample`, group by group as its help shows them. Defaults live with what they are defaults of
// (the model's presets, the library), so a flag left out is undefined here and `--like` can tell it from a given one.
import { type Command, Option } from 'commander'
import { type Device, devices } from '../engine/types.ts'
import type { ImageFormat } from '../images/image.ts'
import type { PlanOptions } from '../library/choose-plan.ts'
import { type LabelProtocol, labelProtocols } from '../library/mass.ts'
import type { DType } from '../models/weights.ts'
import type { PrefixMask } from '../sampling/family.ts'
import { defaultFlow, type Solver, solvers } from '../sampling/flow-schedule.ts'
import { type Generator, generators } from '../sampling/noise.ts'
import { bounds } from './bounds.ts'
import { collected, decimal, wholeNumber, wholeNumbers } from './parse.ts'
import { hideProgress, showProgress } from './progress.ts'

export interface SampleFlags {
  model?: string
  student?: string
  teacher?: string
  tokenizer?: string
  config?: string
  ema: boolean
  class?: (string | number)[]
  count?: number
  seed?: number
  rng?: Generator
  noise?: string
  like?: string
  steps?: number
  timesteps?: number[]
  split?: number
  teacherFrom?: number
  teacherOnly?: boolean
  flow?: boolean
  solver?: Solver
  odeSteps?: number
  cfg?: number
  cfgInterval?: number
  topK?: number
  topP?: number
  temperature?: number
  greedy?: boolean
  prefixMask?: PrefixMask
  device?: Device
  dtype?: DType
  batch?: number
  threads?: number
  labels?: LabelProtocol
  shard?: string
  chunk?: number
  policy?: string
  out?: string
  force?: boolean
  format?: ImageFormat | 'npz'
  grid?: number
  metadata: boolean
  dump?: string
  json?: boolean
  quiet?: boolean
  progress?: boolean
}

const option = (flags: string, description: string, parse?: (text: string) => unknown): Option => {
  const made = new Option(flags, description)
  return parse ? made.argParser(parse) : made
}

const choice = (flags: string, description: string, values: readonly string[]): Option =>
  new Option(flags, description).choices(values)

type Group = readonly [heading: string, options: readonly Option[]]

const rng = () =>
  choice('--rng <generator>', 'philox (default), or torch: as torch.manual_seed and torch.randn on a CPU', generators)

const modelGroup: Group = [
  'Model:',
  [
    option('-m, --model <name>', 'a name from `distilled models`, or a folder with released files'),
    option('--student <file>', "the student's checkpoint, instead of the model's"),
    option('--teacher <file>', "the teacher's checkpoint"),
    option('--tokenizer <file>', "the tokenizer's checkpoint"),
    option('--config <file>', 'JSON with what shapes cannot tell: {"family": "llamagen", "heads": 4, "tokens": 16}'),
    option('--no-ema', "the student's raw weights instead of their moving average"),
    option('--policy <file>', 'JSON with classes that are denied or flagged: {"deny": ["sensitive"], "flag": [7]}'),
  ],
]

/** What to draw. */
const ownGroups: readonly Group[] = [
  [
    'What to draw:',
    [
      option(
        '-c, --class <labels>',
        'ids, names or parts of names with commas between, ranges as 0-9; repeatable',
      ).argParser(collected),
      option(
        '-n, --count <images>',
        'images of every class (default: 1); with --labels, of the whole run',
        wholeNumber(...bounds.count),
      ),
      option('-s, --seed <number>', 'image i depends on seed and i alone (default: 0)', wholeNumber(...bounds.seed)),
      rng(),
      option('--noise <file>', 'own noise: .npy, float32 [images, tokens, channels]'),
      option('--like <image>', 'everything as in this image file (or grid); other flags win over it'),
    ],
  ],
  [
    'Many images for evaluation, in files that a later run completes:',
    [
      choice(
        '--labels <protocol>',
        'instead of --class: random, as DD evaluates, or balanced, every class equally often, as VAR does',
        labelProtocols,
      ),
      option('--shard <i/n>', 'only part i of n, counted from 0 (default: all, or what the scheduler says)'),
      option(
        '--chunk <images>',
        'images of a file, the least that a shard takes (default: 1024 small or 256)',
        wholeNumber(...bounds.chunk),
      ),
    ],
  ],
]

/** How, and on what. */
const samplerGroups: readonly Group[] = [
  [
    'Steps:',
    [
      option(
        '--steps <number>',
        "one of the model's presets, by network evaluations (default: 1)",
        wholeNumber(...bounds.steps),
      ),
      option('--timesteps <list>', 'finished groups at each student step, such as 0,5', wholeNumbers(...bounds.group)),
      option(
        '--split <group>',
        'groups before it become codebook entries, the others stay continuous',
        wholeNumber(...bounds.group),
      ),
      option(
        '--teacher-from <group>',
        'the teacher samples from this group to the last timestep',
        wholeNumber(...bounds.group),
      ),
      option('--teacher-only', 'the teacher alone, group after group'),
      option('--flow', "the teacher's flow map alone: the tokens that the noise leads to, which students learn"),
      choice('--solver <name>', `of the flow map (default: ${defaultFlow.solver})`, solvers),
      option('--ode-steps <number>', `of its solver (default: ${defaultFlow.steps})`, wholeNumber(...bounds.odeSteps)),
    ],
  ],
  [
    'Teacher (defaults: as published for the model):',
    [
      option('--cfg <scale>', 'classifier-free guidance', decimal(...bounds.guidance)),
      option(
        '--cfg-interval <tokens>',
        'LlamaGen: guide only so many tokens; -1 guides all',
        wholeNumber(...bounds.guided),
      ),
      option('--top-k <tokens>', 'keep the k most likely tokens; 0 keeps all', wholeNumber(...bounds.topK)),
      option('--top-p <share>', 'keep the most likely tokens up to this probability', decimal(...bounds.share)),
      option('--temperature <value>', 'below 1 safer, above 1 bolder', decimal(...bounds.temperature, { above: true })),
      option('--greedy', 'always the most likely token'),
      choice('--prefix-mask <kind>', "VAR: mask over a prefix's scales, none (default: each sees all) or causal", [
        'none',
        'causal',
      ]),
    ],
  ],
  [
    'Machine:',
    [
      choice('--device <name>', `${devices.join(', ')} (default: auto)`, devices),
      choice('--dtype <type>', 'fp32 (default), or int8: faster and less exact', ['fp32', 'int8']),
      option(
        '--batch <images>',
        'images computed together; more takes memory and is faster on a GPU (default: 8)',
        wholeNumber(...bounds.batch),
      ),
      option('--threads <number>', 'threads to compute with (default: all cores)', wholeNumber(...bounds.threads)),
    ],
  ],
]

const filesGroup: Group = [
  'Files:',
  [
    option('-o, --out <folder>', 'where images go (default: samples, or samples-2 and so on beside other runs)'),
    option('--force', 'remove the images of another run from the folder first'),
    choice('--format <type>', 'png (default), webp, jpeg, or npz: one file as the ADM evaluator reads it', [
      'png',
      'webp',
      'jpeg',
      'npz',
    ]),
    option(
      '--grid <columns>',
      'columns of the grid that is made of several images',
      wholeNumber(...bounds.gridColumns),
    ),
    option('--no-metadata', 'leave settings and the AI-generated mark out of the files'),
    option('--dump <file>', 'an .npz with noise, sequence, f_hat, teacher.indices and images as arrays'),
    option('--json', 'print one JSON object: files, settings, timings, classes'),
    option('-q, --quiet', 'print nothing but errors'),
    showProgress(),
    hideProgress(),
  ],
]

/** Adds all flags to a command. */
export function addSampleFlags(command: Command): Command {
  return addGroups(command, [modelGroup, ...ownGroups, ...samplerGroups, filesGroup])
}

/** Adds those that say which model samples and how, for commands that choose themselves what it draws. */
export function addSamplerFlags(command: Command): Command {
  return addGroups(command, [modelGroup, ['Noise:', [rng()]], ...samplerGroups])
}

function addGroups(command: Command, groups: readonly Group[]): Command {
  for (const [heading, options] of groups) {
    for (const made of options) command.addOption(made.helpGroup(heading))
  }
  return command
}

/** The flags that only a teacher heeds, by the name of their value. */
const teacherFlags = ['cfg', 'cfgInterval', 'topK', 'topP', 'temperature', 'greedy', 'prefixMask'] as const

/** The sampling plan that the flags ask for. */
export function planOptions(flags: SampleFlags): PlanOptions {
  const { steps, timesteps, split, teacherFrom, teacherOnly, solver, odeSteps } = flags
  const wanted = flags.flow || solver !== undefined || odeSteps !== undefined
  const flow = wanted && { solver, steps: odeSteps }
  return { steps, timesteps, split, teacherFrom, teacherOnly, flow, teacher: teacherSettings(flags) }
}

function teacherSettings({ cfg, cfgInterval, topK, topP, temperature, greedy, prefixMask }: SampleFlags) {
  return { cfg, cfgInterval, topK, topP, temperature, greedy, prefixMask }
}

/** Flags that were given and have no effect without a teacher, as they are typed. */
export function idleTeacherFlags(flags: SampleFlags): string[] {
  const typed = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  return teacherFlags.filter((name) => flags[name] !== undefined).map(typed)
}
