// `--like IMAGE`: the settings an image carries, as the flags that make it again. A file may come from anywhere, so the
// settings are checked like any other input.
import * as v from 'valibot'
import { UsageError } from '../core/errors.ts'
import { readSettings } from '../images/read.ts'
import { defined } from '../library/choose-plan.ts'
import { solvers } from '../sampling/flow-schedule.ts'
import type { NoiseRecipe } from '../sampling/noise-recipe.ts'
import type { SampleFlags } from './sample-flags.ts'

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

const teacher = v.object({
  cfg: v.number(),
  cfgInterval: v.number(),
  topK: v.number(),
  topP: v.number(),
  temperature: v.number(),
  greedy: v.boolean(),
  prefixMask: v.picklist(['none', 'causal']),
})

const origin = { seed: count, index: v.optional(count) }

const recipe = v.object({
  ...origin,
  toward: v.optional(v.object({ ...origin, amount: v.pipe(v.number(), v.minValue(0), v.maxValue(1)) })),
  groups: v.optional(v.array(v.object({ ...origin, group: count }))),
})

const schema = v.object({
  model: v.string(),
  /** Of an image. */
  class: v.optional(count),
  /** Of a grid. */
  classes: v.optional(v.array(count)),
  count: v.optional(count),
  seed: count,
  index: count,
  rng: v.picklist(['philox', 'torch', 'given']),
  /** How its noise was put together. */
  noise: v.optional(recipe),
  plan: v.variant('kind', [
    v.object({ kind: v.literal('student'), timesteps: v.array(count), split: count }),
    v.object({ kind: v.literal('teacher-involved'), timestep: count, split: count, teacherFrom: count, teacher }),
    v.object({
      kind: v.literal('teacher'),
      teacher,
      flow: v.optional(v.object({ solver: v.picklist(solvers), steps: count })),
    }),
  ]),
  dtype: v.picklist(['fp32', 'int8']),
  /** Whether the image was computed together with others. */
  batched: v.boolean(),
  /** Of a grid. */
  batch: v.optional(count),
  ema: v.boolean(),
})

type ImageSettings = v.InferOutput<typeof schema>

/** The flags with those of the image where none was given. */
export interface LikeFlags {
  flags: SampleFlags
  /** Index of the (first) image. */
  firstIndex: number
  /** An image by itself is to be rounded as one of several. */
  batched: boolean
  /** How its noise was put together, when that is more than a seed and an index. */
  recipe?: NoiseRecipe | undefined
}

/**
 * Fills in what `--like` says.
 * @throws UsageError when the file is no image of ours, or cannot be made again without flags that are missing
 */
export async function withLike(given: SampleFlags): Promise<LikeFlags> {
  if (given.like === undefined) return { flags: given, firstIndex: 0, batched: false }
  const settings = await readSettings(given.like)
  if (!settings) {
    throw new UsageError(`--like ${given.like}: this image carries no settings.`, {
      remedy: 'Only images saved by distilled with metadata do.',
    })
  }
  const parsed = v.safeParse(schema, settings)
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new UsageError(
      `--like ${given.like}: its settings are not understood (${v.getDotPath(issue)}: ${issue.message}).`,
    )
  }
  const image = parsed.output
  if (image.model === 'custom' && given.model === undefined && !given.student && !given.teacher) {
    throw new UsageError(`--like ${given.like}: it was made from checkpoint files, not from a model of the zoo.`, {
      remedy: 'Name the same files with --student or --teacher, and --tokenizer.',
    })
  }
  if (image.rng === 'given' && given.noise === undefined) {
    throw new UsageError(`--like ${given.like}: it was made from a noise file.`, {
      remedy: 'Name the same file with --noise.',
    })
  }
  const flags = { ...withoutContradicted(fromImage(image), given), ...defined(given) }
  const recipe = given.seed === undefined && given.noise === undefined ? image.noise : undefined
  return { flags: { ...flags, ema: given.ema && image.ema }, firstIndex: image.index, batched: image.batched, recipe }
}

function fromImage(image: ImageSettings): Partial<SampleFlags> {
  const { model, rng, seed, plan, dtype } = image
  return defined({
    model: model === 'custom' ? undefined : model,
    class: image.classes ?? (image.class === undefined ? undefined : [image.class]),
    count: image.count,
    seed,
    rng: rng === 'given' ? undefined : rng,
    dtype,
    batch: image.batch,
    ...planFlags(plan),
  })
}

function planFlags(plan: ImageSettings['plan']): Partial<SampleFlags> {
  if (plan.kind === 'student') return { timesteps: plan.timesteps, split: plan.split }
  if (plan.kind === 'teacher') {
    const { flow, teacher } = plan
    return { ...(flow ? { flow: true, solver: flow.solver, odeSteps: flow.steps } : { teacherOnly: true }), ...teacher }
  }
  const { timestep, split, teacherFrom } = plan
  return { timesteps: [0, timestep], split, teacherFrom, ...plan.teacher }
}

/** Another way of sampling on the command line takes the place of the image's own. */
function withoutContradicted(image: Partial<SampleFlags>, given: SampleFlags): Partial<SampleFlags> {
  const { timesteps, split, teacherFrom, teacherOnly, flow, solver, odeSteps, ...rest } = image
  if (given.steps !== undefined || given.teacherOnly) return rest
  if (given.flow) return { ...rest, ...defined({ solver, odeSteps }) }
  const alone = (given.timesteps ?? given.split ?? given.teacherFrom) ? {} : { teacherOnly, flow, solver, odeSteps }
  return { ...rest, ...defined({ timesteps, split, teacherFrom, ...alone }) }
}
