// The metadata of files that this project trained, in safetensors under `distilled.`: one schema for writing and reading. A file
// may come from anywhere, so every number is checked against a bound before a graph or a table is built from it. Whether the
// numbers agree with the tensors is checked by models/check.ts.

import * as v from 'valibot'
import { CheckpointError } from '../core/errors.ts'
import type { NetworkSpec, TokenizerArchitecture, TransformerArchitecture } from './architecture.ts'
import type { ClassifierArchitecture } from './classifier.ts'

export const kinds = ['classifier', 'tokenizer', 'teacher', 'student'] as const
export type Kind = (typeof kinds)[number]

/** Under which name a run keeps the weights that it had before it was made longer. */
export const keptWeights = (steps: number): string => `model-${steps}.safetensors`
export const isKept = (name: string): boolean => /^model-\d+\.safetensors$/.test(name)

const whole = (low: number, high: number) => v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high))
const list = (low: number, high: number, length: number) =>
  v.pipe(v.array(whole(low, high)), v.minLength(1), v.maxLength(length))

// Several times the largest that was published: VAR-d36, LlamaGen-3B, and a thousand times ImageNet's classes
const blocks = whole(1, 256)
const width = whole(1, 65_536)
const heads = whole(1, 1024)
const codes = whole(1, 2 ** 20)
const channels = whole(1, 4096)
const numClasses = whole(1, 2 ** 20)
const side = 512
const patchNums = list(1, side, 64)

/** Numbers of one image's tokens, the noise that a sampler starts from: VAR at 512 x 512 has 71,680. */
export const maxLatentNumbers = 2 ** 22

const tokensOf = (arch: TransformerArchitecture): number =>
  arch.family === 'var' ? arch.patchNums.reduce((sum, patches) => sum + patches ** 2, 0) : arch.tokens

const transformers: v.GenericSchema<unknown, TransformerArchitecture> = v.variant('family', [
  v.object({
    family: v.literal('var'),
    depth: blocks,
    embedDim: width,
    heads,
    patchNums,
    vocabSize: codes,
    channels,
    numClasses,
    mlpRatio: v.pipe(v.number(), v.gtValue(0), v.maxValue(64)),
    sharedAdaLN: v.boolean(),
    attnL2Norm: v.boolean(),
    layerwiseNoiseDataEmbed: v.boolean(),
  }),
  v.object({
    family: v.literal('llamagen'),
    layers: blocks,
    dim: width,
    heads,
    ffnDim: whole(1, 2 ** 20),
    vocabSize: codes,
    channels,
    numClasses,
    tokens: v.pipe(
      whole(1, side * side),
      v.check((n) => Number.isInteger(Math.sqrt(n)), 'expected a square number'),
    ),
  }),
])

const transformer = v.pipe(
  transformers,
  v.check(
    (arch) => tokensOf(arch) * arch.channels <= maxLatentNumbers,
    `expected tokens x channels to be at most ${maxLatentNumbers}`,
  ),
)

const convolutions = {
  ch: whole(1, 4096),
  chMult: list(1, 64, 16),
  resBlocks: whole(1, 64),
  normGroups: v.optional(whole(1, 4096)),
  vocabSize: codes,
}

const tokenizers: v.GenericSchema<unknown, TokenizerArchitecture> = v.variant('family', [
  v.object({
    family: v.literal('var'),
    ...convolutions,
    zChannels: channels,
    patchNums,
    shareQuantResi: whole(1, 64),
    quantResi: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  }),
  v.object({ family: v.literal('llamagen'), ...convolutions, zChannels: channels, embedDim: channels }),
])

const tokenizer = v.pipe(
  tokenizers,
  v.check(
    ({ ch, chMult, normGroups = 1 }) => chMult.every((times) => (ch * times) % normGroups === 0),
    'expected normGroups to divide the channels of every level',
  ),
)

const classifier: v.GenericSchema<unknown, ClassifierArchitecture> = v.object({
  family: v.literal('classifier'),
  channels: list(1, 65_536, 16),
  numClasses,
})

const classes = v.pipe(v.array(v.pipe(v.string(), v.maxLength(1000))), v.maxLength(2 ** 20))
const imageSize = whole(1, 16_384)
/** The timesteps and the split that the student was trained for. */
const studentSettings = v.object({
  timesteps: v.pipe(
    v.array(whole(0, side * side)),
    v.minLength(1),
    v.maxLength(1024),
    v.check(
      ([first, ...rest]) => first === 0 && rest.every((t, i) => t > (rest[i - 1] ?? 0)),
      'expected to rise from 0',
    ),
  ),
  split: whole(0, side * side),
})

/**
 * Checks the numbers of an architecture, from any source, against the bounds above.
 * @throws CheckpointError that names the number
 */
export function checkBounds(file: string, { kind, architecture }: NetworkSpec): void {
  const parsed = v.safeParse(architectures[kind], architecture)
  if (parsed.success) return
  const [issue] = parsed.issues
  throw new CheckpointError(
    `${file}: its tensors make a ${kind} whose ${v.getDotPath(issue) ?? 'architecture'} is out of bounds: ${issue.message}.`,
    {
      remedy: 'Is this the right checkpoint for the model? `distilled inspect FILE` shows what it holds.',
    },
  )
}

/** Characters of one fact; a thousand class names are some 20,000. */
const longest = 2 ** 20

export interface TrainedFacts {
  kind: Kind
  architecture: TransformerArchitecture | TokenizerArchitecture | ClassifierArchitecture
  classes: readonly string[]
  imageSize: number
  /** The run that made the file, as in its config.json. */
  run: Readonly<Record<string, unknown>>
  /** A student's, from the settings of its run. */
  sampling?: v.InferOutput<typeof studentSettings>
}

/**
 * The facts of a file that was trained here; undefined for every other file.
 * @throws CheckpointError that names the fact, what was expected and what came
 */
export function trainedFacts(file: string, metadata: ReadonlyMap<string, string>): TrainedFacts | undefined {
  if (!metadata.has('distilled.kind')) return undefined
  const read = <T>(name: string, schema: v.GenericSchema<unknown, T>, value: unknown): T => {
    const parsed = v.safeParse(schema, value)
    if (parsed.success) return parsed.output
    const [issue] = parsed.issues
    const path = v.getDotPath(issue)
    const place = `metadata "distilled.${name}"${path === null ? '' : `, ${path.slice(0, 100)}`}`
    throw new CheckpointError(`${file}: ${place}: ${issue.message.slice(0, 200)}.`, { remedy })
  }
  const json = (name: string): unknown => {
    const text = metadata.get(`distilled.${name}`) ?? 'null'
    if (text.length > longest)
      throw new CheckpointError(
        `${file}: metadata "distilled.${name}" has ${text.length} characters, more than ${longest}.`,
        { remedy },
      )
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new CheckpointError(`${file}: metadata "distilled.${name}" is no JSON.`, { remedy, cause })
    }
  }
  const kind = read('kind', v.picklist(kinds), metadata.get('distilled.kind'))
  const run = read('run', v.nullish(v.record(v.string(), v.unknown()), {}), json('run'))
  const facts: TrainedFacts = {
    kind,
    architecture: read('architecture', architectures[kind], json('architecture')),
    classes: read('classes', classes, json('classes')),
    imageSize: read('imageSize', imageSize, json('imageSize')),
    run,
  }
  const count = 'numClasses' in facts.architecture ? facts.architecture.numClasses : facts.classes.length
  if (count !== facts.classes.length) {
    const finding = `${file}: metadata "distilled.classes" names ${facts.classes.length} classes, its architecture has ${count}.`
    throw new CheckpointError(finding, { remedy })
  }
  if (kind === 'student' && run.settings) facts.sampling = read('run', studentSettings, run.settings)
  return facts
}

const remedy = 'The file is damaged or was altered: fetch it again from a source you trust, or train it again.'

const architectures: Record<Kind, v.GenericSchema<unknown, TrainedFacts['architecture']>> = {
  classifier,
  tokenizer,
  teacher: transformer,
  student: transformer,
}
