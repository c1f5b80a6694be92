// The flags of `distilled train`: what each training starts from, one flag for every knob of its settings, and what all
// trainings share: the run's folder, the machine, several processes.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import type { KnobFlag } from '../distill/knobs.ts'
import type { FamilyName } from '../distill/stages.ts'
import { type Device, devices } from '../engine/types.ts'
import { bounds } from './bounds.ts'
import type { Loudness } from './io.ts'
import { wholeNumber } from './parse.ts'
import { hideProgress, showProgress } from './progress.ts'

export interface TrainFlags extends Loudness {
  out: string
  config?: string
  init?: string
  force?: boolean
  device: Device
  threads?: number
  mpi?: boolean
  library?: string
}

const option = (flags: string, description: string, parse?: (text: string) => unknown): Option => {
  const made = new Option(flags, description)
  return parse ? made.argParser(parse) : made
}

const required = (made: Option): Option => made.makeOptionMandatory()

const families: readonly FamilyName[] = ['var', 'llamagen']

/** A network by its file, or by the folder of the run that made it. */
const network = (path: string): string => {
  const weights = join(path, 'model.safetensors')
  return existsSync(weights) ? weights : path
}

/** What trainings start from; each takes some of these. */
export const inputs = {
  data: option('--data <name>', 'sprites (default), or a folder with one folder of images per class').default(
    'sprites',
  ),
  family: required(new Option('--family <name>', 'var or llamagen (required)').choices(families)),
  tokenizer: required(option('--tokenizer <file>', 'the trained tokenizer (required)', network)),
  teacher: required(option('--teacher <file>', 'the trained teacher (required)', network)),
  pairs: required(option('--pairs <folder>', 'pairs that `distilled pairs` made with that teacher (required)')),
  classifier: option(
    '--classifier <file>',
    'perceptual distance by the features of a trained classifier (sprites: the one of the package), or',
    network,
  ),
  vgg: option('--vgg <file>', 'by LPIPS: vgg16-397923af.pth of torchvision, and'),
  lpips: option('--lpips <file>', "by LPIPS: the lpips package's vgg.pth, the weights of its channels"),
} as const

/** Adds a training's flags to its command. */
export function addTrainFlags(command: Command, kind: string, starts: readonly Option[], knobs: readonly KnobFlag[]) {
  const out = `runs/${kind}`
  const machine = [
    new Option(
      '--device <name>',
      `${devices.join(', ')} (default: cpu; others get all parameters with every micro-batch)`,
    )
      .choices(devices)
      .default('cpu'),
    option('--threads <number>', 'threads of each process (default: all cores)', wholeNumber(...bounds.threads)),
    option('--mpi', 'join the ranks of an MPI launcher that is not recognised (mpirun, mpiexec and srun are)'),
    option('--library <file>', 'the MPI library, if the system does not find it'),
  ]
  const files = [
    option(
      '-o, --out <folder>',
      `the run's folder; a run in it continues, a finished one with more --steps (default: ${out})`,
    ).default(out),
    option('--init <file>', "start from the weights of a file or of a run's folder, with a new optimiser"),
    option('--force', 'replace files in the folder that no run wrote, and weights whose checkpoints are missing'),
    option('--config <file>', 'JSON with settings by name, such as {"steps": 500}; flags override it'),
    option('--json', 'print one JSON object'),
    option('-q, --quiet', 'print only errors'),
    showProgress(),
    hideProgress(),
  ]
  const groups: [heading: string, options: readonly Option[]][] = [
    ['From:', starts],
    ['Settings:', knobs.map(knobOption)],
    ['Machine:', machine],
    ['Run:', files],
  ]
  for (const [heading, options] of groups) for (const made of options) command.addOption(made.helpGroup(heading))
  const required = starts.flatMap(({ mandatory, flags }) => (mandatory ? [flags.split(',').at(-1)!.trim()] : []))
  const line = ['distilled train', kind, ...required, `--out ${out}`].join(' ')
  const examples = `
Examples:
  $ ${line}
  $ ${line} --steps 100    a short one`
  return command.addHelpText('after', examples)
}

const knobOption = ({ flags, description, parse, hidden }: KnobFlag): Option => {
  const made = option(flags, description, parse)
  return hidden ? made.hideHelp() : made
}
