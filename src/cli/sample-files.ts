// Where finished images go: each kind of file is a sink that takes results one by one and closes when all are there.
// Every file is written whole or not at all.
import { join } from 'node:path'
import { npzBytes } from '../checkpoint/npz.ts'
import { UsageError } from '../core/errors.ts'
import { writeAtomically } from '../files/atomic.ts'
import { grid } from '../images/node/grid.ts'
import type { GeneratedImage, ImageFormat } from '../images/node/image.ts'
import type { Settings } from '../images/xmp.ts'
import type { Model, SampleResult } from '../library/node/model.ts'
import { tokensBefore } from '../sampling/family.ts'
import { imageName } from './sample-folder.ts'

export interface Sink {
  /** The image's own file, if it gets one. */
  add(result: SampleResult): Promise<string | undefined>
  /** The file of the whole run, if there is one. */
  finish(): Promise<string | undefined>
}

interface ImageFileOptions {
  folder: string
  format: ImageFormat
  metadata: boolean
  signal: AbortSignal
}

/** 000000.png, 000001.png, ...: the number is the image's index. */
export function imageFiles({ folder, format, ...options }: ImageFileOptions): Sink {
  return {
    async add({ image, index }) {
      const path = join(folder, imageName(index, format))
      await image.save(path, options)
      return path
    },
    finish: async () => undefined,
  }
}

/** Beyond this a grid helps nobody and fills the memory. */
export const mostGridImages = 400

/** All images (the first 400) on one sheet; `settings` turns those of an image into those of the run. */
export function gridFile(
  { folder, format, ...options }: ImageFileOptions,
  columns: number,
  settings: (first: Settings) => Settings,
): Sink {
  const images: GeneratedImage[] = []
  return {
    async add({ image }) {
      if (images.length < mostGridImages) images.push(image)
      return undefined
    },
    async finish() {
      const path = join(folder, `grid.${format}`)
      await grid(images, { columns, settings: settings(images[0]!.settings ?? {}) }).save(path, options)
      return path
    },
  }
}

/**
 * What the ADM evaluator reads: arr_0 uint8 [N, H, W, 3], arr_1 int64 labels.
 * @see openai/guided-diffusion scripts/image_sample.py
 */
export function npzFile(folder: string, total: number, side: number, signal: AbortSignal, comment = ''): Sink {
  const size = 3 * side * side
  checkSize(total * size, '--format npz')
  const pixels = new Uint8Array(total * size)
  const labels = new BigInt64Array(total)
  let n = 0
  return {
    async add({ image, class: info }) {
      pixels.set(image.data, n * size)
      labels[n++] = BigInt(info.id)
      return undefined
    },
    async finish() {
      const path = join(folder, `samples_${total}x${side}x${side}x3.npz`)
      const arrays = {
        arr_0: { shape: [total, side, side, 3], data: pixels },
        arr_1: { shape: [total], data: labels },
      }
      const bytes = npzBytes(arrays, { comment })
      await writeAtomically(path, bytes, { signal })
      return path
    },
  }
}

/** The tensors behind the images: noise, sequence, f_hat (VAR), teacher.indices (with a teacher), images. */
export function dumpFile(path: string, total: number, model: Model, signal: AbortSignal): Sink {
  const { family, imageSize: side } = model
  const tokens = tokensBefore(family, family.groups.length)
  const latent = Math.sqrt(family.groups.at(-1)!)
  checkSize(4 * total * (3 * tokens * family.channels + 3 * side * side), '--dump')
  const sequence = [tokens, family.channels]
  const rows: Record<string, { shape: number[]; pick(r: SampleResult): Float32Array | Int32Array | undefined }> = {
    noise: { shape: sequence, pick: ({ details }) => details.noise },
    sequence: { shape: sequence, pick: ({ details }) => details.sequence },
    f_hat: { shape: [family.channels, latent, latent], pick: ({ details }) => details.fHat },
    'teacher.indices': { shape: [-1], pick: ({ details }) => details.teacherIndices },
    images: { shape: [3, side, side], pick: ({ details }) => details.pixels },
  }
  const arrays: Record<string, { shape: number[]; data: Float32Array | Int32Array }> = {}
  let n = 0
  return {
    async add(result) {
      for (const [name, { shape, pick }] of Object.entries(rows)) {
        const row = pick(result)
        if (!row) continue
        const data = row instanceof Int32Array ? Int32Array : Float32Array
        const width = shape.map((dim) => (dim === -1 ? row.length : dim))
        arrays[name] ??= { shape: [total, ...width], data: new data(total * row.length) }
        arrays[name].data.set(row, n * row.length)
      }
      n++
      return undefined
    },
    async finish() {
      await writeAtomically(path, npzBytes(arrays), { signal })
      return path
    },
  }
}

function checkSize(bytes: number, flag: string): void {
  if (bytes < 0xffff0000) return
  throw new UsageError(`${flag} would write ${(bytes / 2 ** 30).toFixed(1)} GiB, and an .npz holds at most 4 GiB.`, {
    remedy: 'Sample fewer images at a time.',
  })
}
