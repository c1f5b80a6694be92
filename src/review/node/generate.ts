// Makes the images of a review: `count` of every class, from one model. Image n of class c is image 1000 c + n of the seed and
// always computed in a batch of two or more (a single row rounds differently). Its bytes therefore do not depend on the other
// classes, the count or the batch size, and a missing image can be made later with the same bytes.
import { dirname, join } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import { makeFolder, sweep, writeAtomically } from '../../files/atomic.ts'
import { lockFolder } from '../../files/lock.ts'
import { refuseReplacing } from '../../files/replacing.ts'
import { settingsMark } from '../../images/xmp.ts'
import { sha256 } from '../../jobs/node/manifest.ts'
import type { Model } from '../../library/node/model.ts'
import type { DType } from '../../models/weights.ts'
import { type SamplingPlan, steps } from '../../sampling/plan.ts'
import type { PlanOptions } from '../../sampling/plan-options.ts'
import type { SampleProgress } from '../../sampling/sampler.ts'
import {
  difference,
  imageFault,
  imageFile,
  imagesFolder,
  type ReviewCheckpoint,
  type ReviewImage,
  type ReviewManifest,
  readManifest,
  writeManifest,
} from './manifest.ts'

/** The most images of a class; the numbers of the next class begin after them. */
export const mostImages = 1000
export const defaultCount = 20
const defaultBatch = 8

export interface GenerateRequest {
  /** The review's folder. */
  folder: string
  /** The model's folder in it. */
  id: string
  madeBy: string
  checkpoints: readonly ReviewCheckpoint[]
  /** Class ids. */
  classes: readonly number[]
  /** Images of every class, at most 1000. */
  count: number
  seed: number
  plan: PlanOptions
  dtype: DType
  /** Images computed together, 2 or more. */
  batch?: number | undefined
  signal?: AbortSignal | undefined
  onProgress?(event: GenerateProgress): void
  /** A listed image that was missing or damaged and is made again. */
  onFault?(file: string, what: string): void
}

export interface GenerateProgress {
  /** Finished images, of `total`; earlier runs made `kept` of them. */
  done: number
  kept: number
  total: number
  /** Of all work, 0 to 1. */
  fraction: number
  secondsLeft: number
}

/**
 * Makes a model's missing images and lists all its images in its manifest.
 * @throws UsageError when the folder holds images of other settings, or the model does not know a class; the signal's
 * reason when aborted, with finished images kept
 * @example
 * await generateImages(model, { folder: 'review', id: 'var-dd-d16', madeBy, checkpoints, classes: [7], count: 20, seed: 0,
 *   plan: { steps: 1 }, dtype: 'fp32' })
 */
export async function generateImages(model: Model, request: GenerateRequest): Promise<ReviewManifest> {
  const { folder, id: modelFolder, count, seed, batch = defaultBatch, signal } = request
  const classes = [...new Set(request.classes)].map((label) => {
    const { id, name, synonyms, sensitive } = model.classInfo(label)
    return { id, name, synonyms: [...synonyms], sensitive }
  })
  const asked: ReviewManifest = { ...factsOf(model, request), classes, images: [] }
  const place = join(folder, imagesFolder, modelFolder)
  await makeFolder(place)
  await using _lock = await lockFolder(place, 'another run of distilled review')
  const earlier = await readManifest(folder, modelFolder)
  const other = earlier && difference(earlier, asked)
  if (other) {
    throw new UsageError(
      `${join(folder, imagesFolder, modelFolder)} was made with other settings than asked for now: ${other}.`,
      {
        remedy: 'Take the same settings to continue, or another folder.',
      },
    )
  }
  const wanted = classes.flatMap((info) => imagesOf(info, count))
  for (const half of new Set([place, ...wanted.map(({ file }) => dirname(join(place, file)))])) await sweep(half)
  const listed = new Set(earlier?.images.map(({ file }) => file))
  const foreign = wanted.filter(({ file }) => !listed.has(file)).map(({ file }) => join(place, file))
  await refuseReplacing(foreign.map((path) => ({ name: 'An image of the review', path, mark: settingsMark })))
  const images = new Map((earlier?.images ?? []).map((image) => [image.file, image]))
  for (const { file } of wanted) {
    signal?.throwIfAborted()
    const listed = images.get(file)
    const fault = listed && (await imageFault(folder, modelFolder, listed, signal))
    if (!fault) continue
    request.onFault?.(file, fault)
    images.delete(file)
  }
  const known = [...(earlier?.classes ?? []).filter((info) => !classes.some((own) => own.id === info.id)), ...classes]
  const manifest = (): ReviewManifest => ({ ...asked, classes: known, images: [...images.values()] })
  await writeManifest(folder, modelFolder, manifest())
  const missing = wanted.filter(({ file }) => !images.has(file))
  const clock = stopwatch(wanted.length, missing.length, request.onProgress)
  for (const run of runs(missing, Math.max(2, batch))) {
    const [first] = run
    const path = (file: string) => join(folder, imagesFolder, modelFolder, file)
    await makeFolder(dirname(path(first!.file)))
    const options = { ...request.plan, seed, signal, onProgress: clock.step }
    const made = { classes: [first!.class], count: Math.max(2, run.length), batch: Math.max(2, run.length) }
    let n = 0
    for await (const { image } of model.stream({ ...options, ...made, firstIndex: first!.index })) {
      const bytes = await image.encode('png')
      await writeAtomically(path(run[n]!.file), bytes, { ...(signal && { signal }) })
      images.set(run[n]!.file, { ...run[n]!, bytes: bytes.length, sha256: sha256(bytes) })
      clock.made()
      if (++n === run.length) break
    }
    await writeManifest(folder, modelFolder, manifest())
  }
  return manifest()
}

function factsOf(model: Model, { madeBy, checkpoints, seed, plan: options, dtype }: GenerateRequest) {
  const plan = model.plan(options)
  const evaluations = steps(plan, model.family.groups.length)
  const { kind, teacher, ...groups } = { teacher: {}, ...plan }
  return {
    kind: 'distilled-review' as const,
    madeBy,
    model: model.name,
    sampler: inWords(plan, evaluations),
    checkpoints: [...checkpoints],
    settings: {
      seed,
      rng: 'philox',
      plan: kind,
      ...groups,
      ...teacher,
      steps: evaluations,
      dtype,
      device: model.engine.device,
    } as ReviewManifest['settings'],
  }
}

function inWords(plan: SamplingPlan, evaluations: number): string {
  const count = `${evaluations} step${evaluations === 1 ? '' : 's'}`
  if (plan.kind === 'student') return count
  return plan.kind === 'teacher' ? `teacher, ${count}` : `${count}, teacher from group ${plan.teacherFrom}`
}

type Wanted = Omit<ReviewImage, 'bytes' | 'sha256'>

const imagesOf = (info: { id: number; name: string }, count: number): Wanted[] =>
  Array.from({ length: count }, (_, n) => ({
    class: info.id,
    n,
    index: info.id * mostImages + n,
    file: imageFile(info, n),
  }))

/** Images that follow each other in one class, at most `most` together. */
function runs(images: readonly Wanted[], most: number): Wanted[][] {
  const found: Wanted[][] = []
  for (const image of images) {
    const run = found.at(-1)
    const last = run?.at(-1)
    if (run && last && last.class === image.class && last.n + 1 === image.n && run.length < most) run.push(image)
    else found.push([image])
  }
  return found
}

/** Counts network evaluations and images; the rate only counts images made in this run. */
function stopwatch(total: number, missing: number, tell: GenerateRequest['onProgress']) {
  const started = performance.now()
  const kept = total - missing
  let made = 0
  let partly = 0
  const report = () => {
    const work = missing ? (made + partly) / missing : 1
    const seconds = (performance.now() - started) / 1000
    const secondsLeft = work > 0 ? seconds * (1 / work - 1) : Number.POSITIVE_INFINITY
    const fraction = total ? Math.min(1, (kept + made + partly) / total) : 1
    tell?.({ done: kept + made, kept, total, fraction, secondsLeft })
  }
  report()
  return {
    step(event: SampleProgress) {
      if (event.type !== 'step') return
      partly = Math.min(missing - made, (event.images.length * event.step) / (event.steps + 1))
      report()
    },
    made() {
      made++
      partly = Math.max(0, partly - 1)
      report()
    },
  }
}
