// A finished folder of samples as other people's tools read it: one PNG file an image (pytorch-fid), or all of them in one
// .npz (the ADM evaluator), which goes to disk piece by piece whatever its size.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { npzStream } from '../../checkpoint/npz-stream.ts'
import { UsageError } from '../../core/errors.ts'
import { makeFolder, writeStream } from '../../files/atomic.ts'
import { GeneratedImage } from '../../images/node/image.ts'
import type { Settings as ImageSettings } from '../../images/xmp.ts'
import { type ClassList, classInfo } from '../../zoo/classes.ts'
import type { Policy } from '../../zoo/policy.ts'
import { clearFolder } from './image-folder.ts'
import { type LabelProtocol, labelOf } from './mass.ts'
import { planOf } from './mass-settings.ts'
import { provenance, type Samples } from './samples.ts'

export interface ExportOptions {
  /** false leaves settings and the AI-generated mark out of the files. */
  metadata?: boolean | undefined
  /** Names the classes in the files' settings. */
  classes?: ClassList | undefined
  /** Classes whose images are marked in their settings, or may not leave the folder. */
  policy?: Policy | undefined
  /** Removes images of another run from the folder, instead of refusing it. */
  force?: boolean | undefined
  signal?: AbortSignal | undefined
  onProgress?: ((done: number, total: number) => void) | undefined
}

/** PNG files that are encoded and written side by side. */
const together = 8

/**
 * Writes image i as `folder`/i.png, the number with six digits, each with the settings that make it again.
 * @throws UsageError when the folder holds other images, which would be counted as samples, or the policy denies a class;
 * CheckpointError when a file of the samples is damaged; the signal's reason when aborted
 */
export async function exportPng(samples: Samples, folder: string, options: ExportOptions = {}): Promise<void> {
  const { metadata, force, signal, onProgress } = options
  await checkPolicy(samples, options)
  await makeFolder(folder)
  await refuseOthers(folder)
  const settings = imageSettings(samples, options)
  const {
    labels: protocol,
    seed,
    classes: known,
  } = samples.settings as { labels: LabelProtocol; seed: number; classes: number }
  const expected = (name: string): ImageSettings | undefined => {
    const index = ownIndex(name, samples.count)
    return index === undefined ? undefined : settings(index, labelOf(protocol, seed, index, known))
  }
  await clearFolder(folder, { expected, force })
  const side = samples.imageSize
  const size = 3 * side * side
  for await (const { data, labels, first } of samples.batches({ signal })) {
    const save = (i: number) =>
      new GeneratedImage({
        data: data.subarray(i * size, (i + 1) * size),
        width: side,
        height: side,
        settings: settings(first + i, labels[i]!),
      }).save(join(folder, fileName(first + i)), { metadata, signal })
    for (let at = 0; at < labels.length; at += together) {
      const rows = Array.from({ length: Math.min(together, labels.length - at) }, (_, k) => at + k)
      await Promise.all(rows.map(save))
      onProgress?.(first + at + rows.length, samples.count)
    }
  }
}

/**
 * Writes one .npz: arr_0 uint8 [N, H, W, 3], arr_1 int64 labels; in memory is one file of the samples at a time.
 * @throws as `exportPng`
 * @see openai/guided-diffusion scripts/image_sample.py
 */
export async function exportNpz(samples: Samples, path: string, options: ExportOptions = {}): Promise<void> {
  const { metadata = true, signal, onProgress } = options
  await checkPolicy(samples, options)
  const { count, imageSize: side } = samples
  const all: BigInt64Array[] = [] // file by file: the count is a claim until the files are there
  async function* pixels() {
    for await (const { data, labels, first } of samples.batches({ signal })) {
      all.push(BigInt64Array.from(labels, BigInt))
      yield data
      onProgress?.(first + labels.length, count)
    }
  }
  const pieces = npzStream(
    [
      { name: 'arr_0', dtype: 'uint8', shape: [count, side, side, 3], data: pixels },
      { name: 'arr_1', dtype: 'int64', shape: [count], data: () => all.map(({ buffer }) => new Uint8Array(buffer)) },
    ],
    metadata ? { comment: provenance(samples.settings) } : {},
  )
  await writeStream(path, pieces, { signal })
}

const fileName = (index: number): string => `${String(index).padStart(6, '0')}.png`

/** What pytorch-fid takes for a sample. */
const imageFile = /\.(bmp|jpe?g|pgm|png|ppm|tiff?|webp)$/i

/** The number of an image of the run, by its file's name. */
function ownIndex(name: string, count: number): number | undefined {
  const index = Number.parseInt(name, 10)
  return index < count && name === fileName(index) ? index : undefined
}

async function refuseOthers(folder: string): Promise<void> {
  const isStrange = (name: string) => imageFile.test(name) && !/^(\d{6,}|grid)\.(png|jpeg|webp)$/.test(name)
  const other = (await readdir(folder)).find(isStrange)
  if (other === undefined) return
  throw new UsageError(`${folder} holds other images, such as ${other}, that tools would count among the samples.`, {
    remedy: 'Name an empty folder.',
  })
}

async function checkPolicy({ folder, count, settings }: Samples, { policy, classes, signal }: ExportOptions) {
  if (!policy) return
  const { labels, seed, classes: known } = settings as { labels: LabelProtocol; seed: number; classes: number }
  const denied = Array.from({ length: known }, (_, id) => policy.verdict(id) === 'deny')
  if (!denied.includes(true)) return
  const period = labels === 'balanced' ? Math.min(count, known) : count
  for (let index = 0; index < period; index++) {
    if (index % 10_000 === 0) await setImmediate()
    signal?.throwIfAborted()
    const id = labelOf(labels, seed, index, known)
    if (!denied[id]) continue
    const name = classes ? ` ${classInfo(id, classes).name}` : ''
    throw new UsageError(`${policy.name} denies class ${id}${name}, and ${folder} holds images of it.`, {
      remedy: 'Sample the allowed classes alone, or use another policy.',
    })
  }
}

/** The settings of image `index` as `Model` writes them. */
function imageSettings({ settings: s }: Samples, { classes, policy }: ExportOptions) {
  const plan = planOf(s)
  return (index: number, label: number): ImageSettings => ({
    model: s.model,
    class: label,
    ...(classes && { className: classInfo(label, classes).name }),
    seed: s.seed,
    index,
    rng: s.rng,
    plan,
    steps: s.steps,
    dtype: s.dtype,
    ema: s.ema,
    batched: true,
    ...(policy?.verdict(label) === 'flag' && { flagged: true }),
  })
}
