// `--like IMAGE`: the settings an image carries, as the flags that make it again. A file may come from anywhere, so the
// settings pass the bounds of the flags, and a model that is a path is opened only when a person names it.
import { open } from 'node:fs/promises'
import * as v from 'valibot'
import { UsageError } from '../core/errors.ts'
import { count as inDigits } from '../core/format.ts'
import { quote } from '../core/show.ts'
import type { ImageFormat } from '../images/node/image.ts'
import { readSettings } from '../images/node/read.ts'
import { type ImageSettings, imageSettingsSchema } from '../library/image-settings.ts'
import type { NoiseRecipe } from '../sampling/noise-recipe.ts'
import { defined, flatOptions, planAsOptions } from '../sampling/plan-options.ts'
import { models } from '../zoo/registry.ts'
import type { SampleFlags } from './sample-flags.ts'

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
  const parsed = v.safeParse(imageSettingsSchema, settings)
  if (!parsed.success) {
    const [issue] = parsed.issues
    throw new UsageError(
      `--like ${given.like}: its settings are not understood (${v.getDotPath(issue)}: ${issue.message}).`,
    )
  }
  const image = parsed.output
  const named = given.model !== undefined || given.student !== undefined || given.teacher !== undefined
  if (image.model === 'custom' && !named) {
    throw new UsageError(`--like ${given.like}: it was made from checkpoint files, not from a model of the zoo.`, {
      remedy: 'Name the same files with --student or --teacher, and --tokenizer.',
    })
  }
  if (!named && !models.some(({ name }) => name === image.model)) {
    throw new UsageError(
      `--like ${given.like}: it says that it was made with ${quote(image.model)}, which is no name from \`distilled models\`.`,
      { remedy: 'If that is a folder of yours, name it with --model.' },
    )
  }
  checkNumber(given, image)
  if (image.rng === 'given' && given.noise === undefined) {
    throw new UsageError(`--like ${given.like}: it was made from a noise file.`, {
      remedy: 'Name the same file with --noise.',
    })
  }
  const flags = { ...withoutContradicted(fromImage(image), given), ...defined(given) }
  const recipe = given.seed === undefined && given.noise === undefined ? image.noise : undefined
  const format = given.format ?? (await formatOf(given.like))
  return {
    flags: { ...flags, format, ema: given.ema && image.ema },
    firstIndex: image.index,
    batched: image.batched,
    recipe,
  }
}

/** Images that a file may ask for, as a grid does. */
const mostAsked = 500

/** A file from elsewhere does not start the work of days; what the person says is not counted. */
function checkNumber({ like, class: named, count: number }: SampleFlags, { classes = [0], count = 1 }: ImageSettings) {
  const asked = (named === undefined ? classes.length : 1) * (number === undefined ? count : 1)
  if (asked <= mostAsked) return
  throw new UsageError(`--like ${like}: it asks for ${inDigits(asked)} images, and a file may ask for ${mostAsked}.`, {
    remedy: 'For more, say with --class and --count which and how many.',
  })
}

/** By its first bytes: an image is made again in its own format. */
async function formatOf(path: string): Promise<ImageFormat> {
  await using file = await open(path)
  const { buffer } = await file.read(new Uint8Array(12), 0, 12, 0)
  if (buffer[0] === 0xff) return 'jpeg'
  return buffer[0] === 0x52 ? 'webp' : 'png' // R of RIFF
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
    ...flatOptions(planAsOptions(plan)),
  })
}

/** Another way of sampling on the command line takes the place of the image's own. */
function withoutContradicted(image: Partial<SampleFlags>, given: SampleFlags): Partial<SampleFlags> {
  const { timesteps, split, teacherFrom, teacherOnly, flow, solver, odeSteps, ...rest } = image
  if (given.steps !== undefined || given.teacherOnly) return rest
  if (given.flow) return { ...rest, ...defined({ solver, odeSteps }) }
  const alone = (given.timesteps ?? given.split ?? given.teacherFrom) ? {} : { teacherOnly, flow, solver, odeSteps }
  return { ...rest, ...defined({ timesteps, split, teacherFrom, ...alone }) }
}
