// A model's part of a review folder: images/<model>/<class id>-<name>/<n>.png, and next to them a manifest.json with the
// checkpoints' hashes, the settings and each file's hash. Equal images have equal manifests: no dates.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { CheckpointError } from '../../core/errors.ts'
import { writeAtomically } from '../../files/atomic.ts'
import { readText } from '../../files/read.ts'
import { fileSha256 } from '../../jobs/node/manifest.ts'

export const imagesFolder = 'images'
const manifestName = 'manifest.json'
/** 50,000 images take some 15 MB. */
const maxManifestBytes = 2 ** 24

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const plain = v.union([v.string(), v.number(), v.boolean(), v.array(v.number())])

const checkpointSchema = v.strictObject({
  role: v.picklist(['student', 'teacher', 'tokenizer']),
  file: v.string(),
  bytes: natural,
  sha256,
})

const classSchema = v.strictObject({
  id: natural,
  name: v.string(),
  synonyms: v.array(v.string()),
  sensitive: v.boolean(),
})

const imageSchema = v.strictObject({
  class: natural,
  /** Its number within the class. */
  n: natural,
  /** Its number under the seed: what `sample --like` needs. */
  index: natural,
  /** In the model's folder, with a forward slash. */
  file: v.pipe(v.string(), v.regex(/^\d+-[a-z0-9-]+\/\d+\.png$/)),
  bytes: natural,
  sha256,
})

const manifestSchema = v.strictObject({
  kind: v.literal('distilled-review'),
  /** The program that wrote it; nothing depends on it. */
  madeBy: v.string(),
  model: v.string(),
  /** How it was sampled, as text: "1 step", "teacher, 10 steps". */
  sampler: v.string(),
  checkpoints: v.array(checkpointSchema),
  /** Everything else that the pixels depend on. */
  settings: v.record(v.string(), plain),
  classes: v.array(classSchema),
  images: v.array(imageSchema),
})

export type ReviewCheckpoint = v.InferOutput<typeof checkpointSchema>
export type ReviewImage = v.InferOutput<typeof imageSchema>
export type ReviewManifest = v.InferOutput<typeof manifestSchema>

/** "Golden Retriever's" -> "golden-retriever-s": letters and digits that every file system takes. */
export function slug(name: string): string {
  const words = name
    .normalize('NFKD')
    .toLowerCase()
    .match(/[a-z0-9]+/g)
  return words?.join('-') ?? 'unnamed'
}

/** Path of image `n` of a class in its model's folder. */
export const imageFile = ({ id, name }: { id: number; name: string }, n: number): string =>
  `${id}-${slug(name)}/${String(n).padStart(3, '0')}.png`

/** The models that a review folder holds, in the order of their names. */
export async function reviewedModels(folder: string): Promise<string[]> {
  const entries = await readdir(join(folder, imagesFolder), { withFileTypes: true }).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
}

/**
 * The manifest of one model; undefined when there is none.
 * @throws CheckpointError when the file is something else
 */
export async function readManifest(folder: string, model: string): Promise<ReviewManifest | undefined> {
  const path = join(folder, imagesFolder, model, manifestName)
  const text = await readText(path, maxManifestBytes).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (text === undefined) return undefined
  const parsed = v.safeParse(manifestSchema, json(text))
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  throw new CheckpointError(
    `${path} is not a manifest of a review: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}.`,
    {
      remedy: 'Delete it and run `distilled review run` again: the same images come out.',
    },
  )
}

/** Writes a manifest whole or not at all, classes and images in order. */
export async function writeManifest(folder: string, model: string, manifest: ReviewManifest): Promise<void> {
  const sorted = {
    ...manifest,
    classes: manifest.classes.toSorted((a, b) => a.id - b.id),
    images: manifest.images.toSorted((a, b) => a.class - b.class || a.n - b.n),
  }
  const bytes = new TextEncoder().encode(`${JSON.stringify(sorted, null, 1)}\n`)
  await writeAtomically(join(folder, imagesFolder, model, manifestName), bytes)
}

/** What is wrong with a listed image, as text; undefined when it matches the manifest. */
export async function imageFault(
  folder: string,
  model: string,
  { file, bytes, sha256 }: Pick<ReviewImage, 'file' | 'bytes' | 'sha256'>,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const path = join(folder, imagesFolder, model, file)
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return 'is missing'
  const same = found.size === bytes && (await fileSha256(path, signal)) === sha256
  return same ? undefined : 'is not what its manifest says'
}

/** The first fact in which two manifests differ, as text. */
export function difference(a: ReviewManifest, b: ReviewManifest): string | undefined {
  const facts = ({ model, checkpoints, settings }: ReviewManifest) => ({
    model,
    ...Object.fromEntries(checkpoints.map(({ role, sha256 }) => [`${role}'s SHA-256`, sha256.slice(0, 12)])),
    ...settings,
  })
  const [x, y]: Record<string, unknown>[] = [facts(a), facts(b)]
  const key = Object.keys({ ...x, ...y }).find((name) => JSON.stringify(x![name]) !== JSON.stringify(y![name]))
  return key && `${key} ${say(x![key])} and ${say(y![key])}`
}

const say = (value: unknown): string => (value === undefined ? 'missing' : String(value))

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
