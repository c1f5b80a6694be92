// The flags of `distilled sample`, group by group as its help shows them. Defaults live with what they are defaults of
// (the model's presets, the library), so a flag left out is undefined here and `--like` can tell it from a given one.
import { type Command, InvalidArgumentError, Option } from 'commander'
import * as v from 'valibot'
import { valueFacts } from '../core/schemas.ts'
import { type Device, devices } from '../engine/types.ts'
import type { ImageFormat } from '../images/node/image.ts'
import { type LabelProtocol, labelProtocols } from '../library/node/mass.ts'
import type { DType } from '../models/weights.ts'
import { type Generator, generators } from '../sampling/noise.ts'
import {
  type FlatOptions,
  isTeacherOption,
  kebabCase,
  type OptionName,
  optionEntries,
  teacherOptions,
} from '../sampling/plan-options.ts'
import { bounds } from './bounds.ts'
import { collected, decimal, wholeNumber, wholeNumbers } from './parse.ts'
import { hideProgress, showProgress } from './progress.ts'

/** The options of sampling have the names of the library; the others are the command's own. */
export interface SampleFlags extends FlatOptions {
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

/** The flag of an option of sampling; its bounds and description are those of the option. */
export function planFlag(name: OptionName, description?: string): Option {
  const schema: v.GenericSchema = optionEntries[name]
  const facts = valueFacts(schema)
  const flag = `--${kebabCase(name)}${facts ? ` <${facts.unit}>` : ''}`
  const made = new Option(flag, description ?? v.getDescription(optionEntries[name]))
  const { low = 0, high = 0 } = facts ?? {}
  switch (facts?.kind) {
    case 'whole':
      return made.argParser(wholeNumber(low, high))
    case 'decimal':
      return made.argParser(decimal(low, high))
    case 'list':
      return made.argParser(wholeNumbers(low, high))
    case 'choice':
      return made.choices((schema as unknown as { options: readonly string[] }).options)
    default:
      return made
  }
}

const formats = ['png', 'webp', 'jpeg', 'npz'] as const

/** Takes jpg for jpeg, because such files have both endings. */
function imageFormat(text: string): (typeof formats)[number] {
  const found = formats.find((format) => format === (text === 'jpg' ? 'jpeg' : text))
  if (found) return found
  throw new InvalidArgumentError(`Allowed choices are ${formats.join(', ')}.`)
}

type Group = readonly [heading: string, options: readonly Option[]]

const rng = () =>
  choice('--rng <generator>', 'philox (default), or torch: as torch.manual_seed and torch.randn on a CPU', generators)

const modelGroup: Group = [
  'Model:',
  [
    option('-m, --model <name>', 'a name from `distilled models`, or a folder with released files'),
    option('--student <file>', "the student's checkpoint or the folder of its training, instead of the model's"),
    option('--teacher <file>', "the teacher's checkpoint or the folder of its training"),
    option('--tokenizer <file>', "the tokenizer's checkpoint or the folder of its training"),
    option(
      '--config <file>',
      'JSON with what tensor shapes do not tell: {"family": "llamagen", "heads": 4, "tokens": 16}',
    ),
    option('--no-ema', "the student's raw weights instead of their moving average"),
    option('--policy <file>', 'JSON with classes that are denied or flagged: {"deny": ["sensitive"], "flag": [7]}'),
  ],
]

/** What to draw. */
const ownGroups: readonly Group[] = [
  [
    'Images:',
    [
      option(
        '-c, --class <labels>',
        'ids, names, parts of names or ranges such as 0-9, separated by commas; repeatable',
      ).argParser(collected),
      option(
        '-n, --count <images>',
        'images of every class (default: 1); with --labels, of the whole run',
        wholeNumber(...bounds.count),
      ),
      option('-s, --seed <number>', 'image i depends only on seed and i (default: 0)', wholeNumber(...bounds.seed)),
      rng(),
      option('--noise <file>', 'noise from a file: .npy, float32 [images, tokens, channels]'),
      option('--like <image>', 'all settings of this image file (or grid); other flags override them'),
    ],
  ],
  [
    'Many images for evaluation; a run that was stopped can be continued:',
    [
      choice(
        '--labels <protocol>',
        'instead of --class: random (as DD evaluates) or balanced, every class equally often (as VAR does)',
        labelProtocols,
      ),
      option('--shard <i/n>', 'make only part i of n, counted from 0 (default: all, or as the scheduler says)'),
      option(
        '--chunk <images>',
        'images per file, the least that a shard makes (default: 1024 if small, else 256)',
        wholeNumber(...bounds.chunk),
      ),
    ],
  ],
]

/** How, and on what. */
const samplerGroups: readonly Group[] = [
  [
    'Steps:',
    (Object.keys(optionEntries) as OptionName[]).filter((name) => !isTeacherOption(name)).map((name) => planFlag(name)),
  ],
  ['Teacher (defaults: as published for the model):', teacherOptions.map((name) => planFlag(name))],
  [
    'Machine:',
    [
      choice('--device <name>', `${devices.join(', ')} (default: auto)`, devices),
      choice('--dtype <type>', 'fp32 (default), or int8, which is faster and less exact', ['fp32', 'int8']),
      option(
        '--batch <images>',
        'images computed together; more take more memory and are faster on a GPU (default: 8)',
        wholeNumber(...bounds.batch),
      ),
      option('--threads <number>', 'threads to compute with (default: all cores)', wholeNumber(...bounds.threads)),
    ],
  ],
]

const filesGroup: Group = [
  'Files:',
  [
    option(
      '-o, --out <folder>',
      'folder of the images (default: samples, or samples-2 and so on if it has other content)',
    ),
    option('--force', 'write into a folder with other content; images of another run are removed from it first'),
    choice(
      '--format <type>',
      'png (default), webp, jpeg (or jpg), or npz: one file as the ADM evaluator reads it',
      formats,
    ).argParser(imageFormat),
    option('--grid <columns>', 'columns of the grid of several images', wholeNumber(...bounds.gridColumns)),
    option('--no-metadata', 'leave settings and the AI-generated mark out of the files'),
    option('--dump <file>', 'an .npz with noise, sequence, f_hat, teacher.indices and images as arrays'),
    option('--json', 'print one JSON object: files, settings, timings, classes'),
    option('-q, --quiet', 'print only errors'),
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

/** Flags that were given and have no effect without a teacher, as they are typed. */
export function idleTeacherFlags(flags: SampleFlags): string[] {
  return teacherOptions.filter((name) => flags[name] !== undefined).map((name) => `--${kebabCase(name)}`)
}
