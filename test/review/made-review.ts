// A review folder without a network: two models, two classes, a few "images" of which only the bytes matter.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sha256 } from '../../src/jobs/node/manifest.ts'
import type { ReviewEvent, Verdict } from '../../src/review/events.ts'
import { imageFile, imagesFolder, type ReviewManifest, writeManifest } from '../../src/review/node/manifest.ts'

export const bytesOf = (model: string, file: string): Buffer => Buffer.from(`${model} ${file}`)
export const hashOf = (model: string, file: string): string => sha256(bytesOf(model, file))

const classes = [
  { id: 7, name: 'cock', synonyms: [], sensitive: true },
  { id: 403, name: 'aircraft carrier', synonyms: ['carrier', 'flattop'], sensitive: true },
]

/** images/<model>/7-cock and 403-aircraft-carrier with `count` images each. */
export async function makeReviewFolder(folder: string, models = ['one', 'two'], count = 3): Promise<void> {
  for (const model of models) {
    const images: ReviewManifest['images'] = []
    for (const info of classes) {
      for (let n = 0; n < count; n++) {
        const file = imageFile(info, n)
        const path = join(folder, imagesFolder, model, file)
        const bytes = bytesOf(model, file)
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, bytes)
        images.push({ class: info.id, n, index: info.id * 1000 + n, file, bytes: bytes.length, sha256: sha256(bytes) })
      }
    }
    await writeManifest(folder, model, {
      kind: 'distilled-review',
      madeBy: 'a test',
      model,
      sampler: '1 step',
      settings: { seed: 0 },
      classes,
      images,
      checkpoints: [{ role: 'student', file: `${model}.pth`, bytes: 1, sha256: sha256(Buffer.from(model)) }],
    })
  }
}

let number = 0

/** A verdict on an image of the folder, given on its very bytes unless told otherwise. */
export function verdict(model: string, file: string, verdict: Verdict, more: Partial<ReviewEvent> = {}): ReviewEvent {
  const image = `${imagesFolder}/${model}/${file}`
  const stamp = { id: `event-${number++}`, time: '2026-03-01T10:00:00.000Z' }
  const event = { ...stamp, type: 'verdict', image, sha256: hashOf(model, file), reviewer: 'AB', verdict, ...more }
  return event as ReviewEvent
}

export function note(model: string, file: string, text: string): ReviewEvent {
  const image = `${imagesFolder}/${model}/${file}`
  const stamp = { id: `event-${number++}`, time: '2026-03-01T10:00:00.000Z' }
  return { ...stamp, type: 'note', image, sha256: hashOf(model, file), reviewer: 'AB', text }
}

export const undo = (of: ReviewEvent): ReviewEvent => ({
  id: `event-${number++}`,
  time: '2026-03-01T10:00:00.000Z',
  type: 'undo',
  reviewer: of.reviewer,
  undoes: of.id,
})
