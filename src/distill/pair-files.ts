// Files of pairs: what is in them, their manifest's kind, and the command that makes them. The noise is not stored: it is
// noise(seed, index, L * C).

import * as v from 'valibot'
import { type NamedTensor, writeSafetensors } from '../checkpoint/safetensors.ts'
import { shellCommand } from '../core/shell.ts'
import { longestSequence, mostChannels, mostClasses, mostEntries } from '../jobs/limits.ts'
import { anySetting, type JobKind, type Settings, shortText, wholeUpTo } from '../jobs/node/manifest.ts'
import { optionEntries } from '../sampling/plan-options.ts'

/** Pairs per file. */
export const defaultChunk = 1024

/** Class of pair `index`: every class equally often. */
export const labelOf = (index: number, classes: number): number => index % classes

/** index int64 [n], label int32 [n], tokens [n, L] as int16 where they fit, else int32. */
export function pairsFile(images: readonly number[], tokens: readonly Int32Array[], settings: Settings): Uint8Array {
  const n = images.length
  const narrow = (settings.entries as number) <= 2 ** 15
  const all = new (narrow ? Int16Array : Int32Array)(n * (settings.length as number))
  let at = 0
  for (const part of tokens) {
    all.set(part, at)
    at += part.length
  }
  const tensor = (name: string, dtype: NamedTensor['dtype'], shape: number[], array: ArrayBufferView): NamedTensor => ({
    name,
    dtype,
    shape,
    data: new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  })
  const labels = Int32Array.from(images, (image) => labelOf(image, settings.classes as number))
  const tensors = [
    tensor('index', 'int64', [n], BigInt64Array.from(images, BigInt)),
    tensor('label', 'int32', [n], labels),
    tensor('tokens', narrow ? 'int16' : 'int32', [n, settings.length as number], all),
  ]
  return new Uint8Array(Buffer.concat(writeSafetensors(tensors, { settings: JSON.stringify(settings) })))
}

/** The command line of `distilled pairs` that makes or completes a folder. */
export const pairs: JobKind = {
  name: 'pairs',
  extension: 'safetensors',
  unit: 'pair',
  mark: /"__metadata__":\{"settings":/,
  settings: v.objectWithRest(
    {
      teacher: shortText,
      tokenizer: shortText,
      family: v.picklist(['var', 'llamagen']),
      classes: wholeUpTo(mostClasses, 1),
      length: wholeUpTo(longestSequence, 1),
      channels: wholeUpTo(mostChannels, 1),
      entries: wholeUpTo(mostEntries, 1),
      seed: wholeUpTo(Number.MAX_SAFE_INTEGER),
      solver: optionEntries.solver,
      odeSteps: optionEntries.odeSteps,
      cfg: optionEntries.cfg,
      cfgInterval: optionEntries.cfgInterval,
      topK: optionEntries.topK,
      topP: optionEntries.topP,
      temperature: optionEntries.temperature,
    },
    anySetting,
  ),
  command({ settings: s, count, chunk }, folder) {
    const flags = {
      teacher: s.teacher,
      tokenizer: s.tokenizer,
      out: folder,
      count,
      seed: s.seed,
      solver: s.solver,
      'ode-steps': s.odeSteps,
      cfg: s.cfg,
      'top-k': s.topK,
      'top-p': s.topP,
      temperature: s.temperature,
      ...(s.cfgInterval !== -1 && { 'cfg-interval': s.cfgInterval }),
      ...(chunk !== defaultChunk && { chunk }),
    }
    return shellCommand(['distilled', 'pairs'], flags)
  },
}
