// From opened checkpoints to a family of token groups: pick the state dict, read the architecture off its shapes, check
// every tensor, and put student, teacher and tokenizer together. No tensor is read.

import { selectStateDict } from '../checkpoint/checkpoint.ts'
import { guessModel } from '../checkpoint/guess.ts'
import type { Checkpoint, StateDict } from '../checkpoint/types.ts'
import { CheckpointError, UsageError } from '../core/errors.ts'
import { quote } from '../core/show.ts'
import {
  type Architecture,
  groupSizes,
  type LlamaGenArchitecture,
  type LlamaGenVqArchitecture,
  type VarArchitecture,
  type VarVqvaeArchitecture,
} from '../models/architecture.ts'
import { checkStateDict } from '../models/check.ts'
import {
  type ArchitectureHints,
  checkSupported,
  inferLlamaGen,
  inferLlamaGenVq,
  inferVar,
  inferVarVqvae,
  tokensUnknown,
} from '../models/infer.ts'
import { type TrainedFacts, trainedFacts } from '../models/trained-facts.ts'
import { openWeights, type Weights, type WeightsOptions } from '../models/weights.ts'
import type { Family } from '../sampling/family.ts'
import { llamaGenFamily } from '../sampling/llamagen-family.ts'
import { varFamily } from '../sampling/var-family.ts'
import type { SamplingPreset } from '../zoo/model-entry.ts'

export type Role = 'student' | 'teacher' | 'tokenizer'

export interface OpenOptions extends WeightsOptions {
  hints?: ArchitectureHints | undefined
  /** The student's averaged weights (default), or those the optimiser last saw. */
  ema?: boolean | undefined
}

/** Where released files keep their tensors, first choice first; '' is the file's top level (docs/METHOD.md). */
const stateDictPaths: Record<Role, (ema: boolean) => string[]> = {
  student: (ema) => {
    const averaged = ['trainer.ema_parameters', 'ema']
    const raw = ['trainer.var_wo_ddp', 'model', 'module', 'state_dict', '']
    return ema ? [...averaged, ...raw] : [...raw, ...averaged]
  },
  teacher: () => ['', 'model', 'module', 'state_dict'],
  tokenizer: () => ['', 'model', 'module', 'state_dict'],
}

interface Part {
  file: string
  tensors: StateDict
  kind: string
  /** What a network trained here says of itself; shapes tell the rest of others. */
  facts: TrainedFacts | undefined
}

/** A family, and the metadata of a file that was trained here. */
export interface AssembledModel {
  family: Family
  classes?: readonly string[]
  /** The steps that the student was trained for. */
  presets: readonly SamplingPreset[]
  /** What a person should know about the files. */
  notes: readonly string[]
}

/**
 * The model that opened checkpoints make together.
 * @throws UsageError when they do not belong together; CheckpointError when one is not what it should be
 */
export function assembleModel(
  checkpoints: Readonly<Partial<Record<Role, Checkpoint | undefined>>>,
  options: OpenOptions = {},
): AssembledModel {
  const notes: string[] = []
  const part = (role: Role): Part | undefined => {
    const checkpoint = checkpoints[role]
    if (!checkpoint) return undefined
    const chosen = chooseStateDict(checkpoint, role, options)
    if (chosen.prefix)
      notes.push(`${checkpoint.name}: every name begins with ${quote(chosen.prefix)}, which is left out.`)
    checkSupported(checkpoint.name, chosen.tensors)
    const facts = trainedFacts(checkpoint.name, checkpoint.metadata)
    const kind = facts ? kindOf(facts) : guessModel(chosen.tensors).kind
    return { file: checkpoint.name, tensors: chosen.tensors, kind, facts }
  }
  const student = part('student')
  const teacher = part('teacher')
  const tokenizer = part('tokenizer')
  const family = assemble({ student, teacher, tokenizer }, options)
  for (const part of [student, teacher, tokenizer]) {
    const side = part?.facts?.imageSize
    if (side === undefined || side === family.imageSize) continue
    throw new CheckpointError(
      `${part!.file} was trained on images of ${side} pixels; together these files make ${family.imageSize}.`,
      tellsTokens(student) && tellsTokens(teacher)
        ? { remedy: 'Give files that were trained together.' }
        : tokensUnknown,
    )
  }
  const classes = (student ?? teacher)?.facts?.classes
  return { family, notes, presets: presetsOf(student?.facts, family), ...(classes && { classes }) }
}

/** The first place that holds a network of this role: random states and other tensors may lie above it in the file. */
function chooseStateDict(checkpoint: Checkpoint, role: Role, options: OpenOptions) {
  const paths = stateDictPaths[role](options.ema ?? true)
  const networks = checkpoint.stateDicts.filter(({ tensors }) =>
    Object.values(kinds[role]).includes(guessModel(tensors).kind),
  )
  const path = paths.find((candidate) => networks.some((dict) => dict.path === candidate))
  return selectStateDict(checkpoint, path === undefined ? paths : [path])
}

/** One step, and all the timesteps that the student was trained on. */
function presetsOf(facts: TrainedFacts | undefined, { groups }: Family): readonly SamplingPreset[] {
  if (!facts?.sampling) return []
  const { timesteps, split } = facts.sampling
  const fits = split <= groups.length && timesteps.at(-1)! < groups.length
  if (!fits) return [] // sampling with values of one's own says what is out of range
  const plans = timesteps.length > 1 ? [[0], timesteps] : [timesteps]
  return plans.map((chosen) => ({ steps: chosen.length, timesteps: chosen, split }))
}

const kindOf = ({ kind, architecture }: TrainedFacts): string =>
  architecture.family !== 'classifier' && kind !== 'classifier' ? kinds[kind][architecture.family] : kind

type Parts = Partial<Record<Role, Part | undefined>>

const kinds: Record<Role, Record<Family['name'], string>> = {
  student: { var: 'var-dd', llamagen: 'llamagen-dd' },
  teacher: { var: 'var', llamagen: 'llamagen' },
  tokenizer: { var: 'var-vqvae', llamagen: 'llamagen-vq' },
}

function assemble(parts: Parts, options: OpenOptions): Family {
  const main = parts.student ?? parts.teacher
  if (!main) throw new UsageError('A model needs a student or a teacher checkpoint.')
  if (!parts.tokenizer)
    throw new UsageError(`${main.file} needs its tokenizer.`, { remedy: 'Name its file with `tokenizer`.' })
  const name = /^(var|llamagen)/.exec(main.kind)?.[1] as Family['name'] | undefined
  if (!name) {
    throw new CheckpointError(`${main.file} holds neither a VAR nor a LlamaGen transformer.`, {
      remedy: '`distilled inspect FILE` shows what it holds.',
    })
  }
  for (const role of ['student', 'teacher', 'tokenizer'] as const) {
    const part = parts[role]
    if (part && part.kind !== kinds[role][name] && part.kind !== 'unknown') {
      throw new CheckpointError(
        `${part.file} was given as the ${role} of a ${name} model, but looks like ${part.kind}.`,
        {
          remedy: `Give a ${kinds[role][name]} checkpoint.`,
        },
      )
    }
  }
  const { family } = options.hints ?? {}
  if (family && family !== name)
    throw new UsageError(`\`config\` says "${family}", but ${main.file} looks like ${name}.`)
  return name === 'var' ? assembleVar(parts, options) : assembleLlamaGen(parts, options)
}

/** Whether a part, which need not be there, says how many tokens an image has, by itself or by its shapes. */
const tellsTokens = (part: Part | undefined): boolean =>
  !part?.kind.startsWith('llamagen') || part.facts !== undefined || part.tensors.has('freqs_cis')

const own = <A extends Architecture>({ facts }: Part): A | undefined => facts?.architecture as A | undefined

function assembleVar({ student, teacher, tokenizer }: Parts, options: OpenOptions): Family {
  const transformer = (role: 'student' | 'teacher', part: Part | undefined) => {
    if (!part) return undefined
    const arch = own<VarArchitecture>(part) ?? inferVar(part.file, part.tensors, options.hints)
    checkStateDict(part.file, part.tensors, { kind: role, architecture: arch })
    return { arch, weights: weightsOf(part, options) }
  }
  const s = transformer('student', student)
  const t = transformer('teacher', teacher)
  checkPair(student, s?.arch, teacher, t?.arch)
  const { patchNums } = (s ?? t)!.arch
  const arch = own<VarVqvaeArchitecture>(tokenizer!) ?? inferVarVqvae(tokenizer!.file, tokenizer!.tensors, patchNums)
  checkStateDict(tokenizer!.file, tokenizer!.tensors, { kind: 'tokenizer', architecture: arch })
  for (const part of [s, t]) if (part) checkCodebook(part.arch, arch.vocabSize, arch.zChannels, tokenizer!.file)
  return varFamily({
    tokenizer: { arch, weights: weightsOf(tokenizer!, { ...options, dtype: 'fp32' }) },
    ...(s && { student: s }),
    ...(t && { teacher: t }),
  })
}

function assembleLlamaGen({ student, teacher, tokenizer }: Parts, options: OpenOptions): Family {
  const vq = own<LlamaGenVqArchitecture>(tokenizer!) ?? inferLlamaGenVq(tokenizer!.file, tokenizer!.tensors)
  checkStateDict(tokenizer!.file, tokenizer!.tensors, { kind: 'tokenizer', architecture: vq }, codebookUsage)
  const transformer = (role: 'student' | 'teacher', part: Part | undefined) => {
    if (!part) return undefined
    const read = own<LlamaGenArchitecture>(part) ?? inferLlamaGen(part.file, part.tensors, options.hints)
    const arch = { ...read, channels: vq.embedDim }
    checkStateDict(part.file, part.tensors, { kind: role, architecture: arch }, new Set(['freqs_cis']))
    checkCodebook(arch, vq.vocabSize, vq.embedDim, tokenizer!.file)
    return { arch, weights: weightsOf(part, options) }
  }
  const s = transformer('student', student)
  const t = transformer('teacher', teacher)
  checkPair(student, s?.arch, teacher, t?.arch)
  return llamaGenFamily({
    tokenizer: { arch: vq, weights: weightsOf(tokenizer!, { ...options, dtype: 'fp32' }) },
    ...(s && { student: s }),
    ...(t && { teacher: t }),
    tokens: (s ?? t)!.arch.tokens,
  })
}

const codebookUsage = new Set(['quantize.codebook_used'])

const weightsOf = (part: Part, options: WeightsOptions): Weights => openWeights(part.file, part.tensors, options)

type Transformer = VarArchitecture | LlamaGenArchitecture

/** Student and teacher need not have one size, but one token grid and one set of classes. */
function checkPair(
  student: Part | undefined,
  s: Transformer | undefined,
  teacher: Part | undefined,
  t: Transformer | undefined,
) {
  if (!s || !t) return
  const facts = (a: Transformer) => `${a.numClasses} classes and groups ${summary(groupSizes(a))}`
  if (facts(s) === facts(t)) return
  throw new CheckpointError(
    `${student!.file} has ${facts(s)}, but its teacher ${teacher!.file} has ${facts(t)}.`,
    s.numClasses !== t.numClasses || (tellsTokens(student) && tellsTokens(teacher))
      ? { remedy: 'Give a teacher that was trained on the same classes and token grid.' }
      : tokensUnknown,
  )
}

const summary = (groups: readonly number[]) =>
  groups.length > 16 ? `of one token, ${groups.length} of them` : groups.join(', ')

function checkCodebook(arch: Transformer, entries: number, channels: number, file: string): void {
  if (arch.vocabSize === entries && arch.channels === channels) return
  throw new CheckpointError(
    `${file} has a codebook of ${entries} x ${channels}, the transformer expects ${arch.vocabSize} x ${arch.channels}.`,
    { remedy: 'Is this the tokenizer the transformer was trained with?' },
  )
}
