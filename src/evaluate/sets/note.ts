// The origin of a file of features or statistics: JSON as bytes in an array named `distilled`, which numpy and pytorch-fid
// ignore.

import * as v from 'valibot'
import type { TensorRef } from '../../checkpoint/types.ts'
import { sizeOf } from '../../core/dtype.ts'
import { CheckpointError } from '../../core/errors.ts'
import { protocolNames } from '../result.ts'

const text = v.string()
const noteSchema = v.strictObject({
  /** Images behind it. */
  count: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  extractor: v.strictObject({
    name: text,
    sha256: v.optional(text),
    preprocessing: text,
    protocol: v.optional(v.picklist(protocolNames)),
  }),
  crop: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  origin: v.strictObject({
    labels: text,
    sampling: v.record(text, v.union([text, v.number(), v.boolean(), v.null()])),
    rounding: text,
  }),
})

export type Note = v.InferOutput<typeof noteSchema>

/** Notes have some 500 bytes. */
const maxNoteBytes = 2 ** 16

/** @throws CheckpointError when the array is there but holds no note */
export async function readNote(path: string, tensor: TensorRef | undefined): Promise<Note | undefined> {
  if (tensor?.dtype !== 'uint8') return undefined
  const size = sizeOf(tensor.shape)
  if (size > maxNoteBytes) {
    throw new CheckpointError(`${path}: the note in "distilled" has ${size} bytes, expected at most ${maxNoteBytes}.`)
  }
  const parsed = v.safeParse(noteSchema, json(new TextDecoder().decode(await tensor.read())))
  if (parsed.success) return parsed.output
  throw new CheckpointError(`${path}: the note in "distilled" is damaged (${parsed.issues[0].message}).`)
}

/** The array that `readNote` reads. */
export const noteArray = (note: Note): { shape: number[]; data: Uint8Array } => {
  const data = new TextEncoder().encode(JSON.stringify(note))
  return { shape: [data.length], data }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
