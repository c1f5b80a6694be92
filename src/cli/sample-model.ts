// From the flags that name a model to a loaded one, the same for a few images and for many.

import { type LoadProgress, load } from '../library/node/load.ts'
import type { Model } from '../library/node/model.ts'
import { readConfig } from './config.ts'
import { type CommandOutput, commandOutput, type Io, type Loudness } from './io.ts'
import type { SampleFlags } from './sample-flags.ts'

/** What samples when nothing is named: it comes with the package. */
const embedded = 'sprites-var-dd'

/** The flags, with an embedded model when they name neither a model nor a file. */
export function orEmbedded<T extends SampleFlags>(flags: T, { note }: CommandOutput): T {
  const { model, student, teacher, tokenizer, config } = flags
  if ([model, student, teacher, tokenizer, config].some((named) => named !== undefined)) return flags
  note(`No --model was named: ${embedded} draws, which comes with the package (12 classes of 32 x 32 sprites).`)
  return { ...flags, model: embedded }
}

/** Says what `load` has to say about the files. */
export const notes =
  (io: Io, flags: Loudness) =>
  (event: LoadProgress): void => {
    if (event.type === 'note') commandOutput(io, flags).note(event.text)
  }

/** Loads the model that the flags name, with its teacher when they ask for one. */
export async function loadSampled(flags: SampleFlags, io: Io): Promise<Model> {
  const { student, teacher, tokenizer, device, dtype, threads, ema, policy } = flags
  const config = flags.config === undefined ? undefined : await readConfig(flags.config)
  const { flow, teacherFrom, teacherOnly, solver, odeSteps } = flags
  const needTeacher = Boolean(flow || teacherOnly || [teacherFrom, solver, odeSteps].some((flag) => flag !== undefined))
  const files = { student, teacher, tokenizer, needTeacher }
  const onProgress = notes(io, flags)
  return load(flags.model, { ...files, device, dtype, threads, ema, config, policy, signal: io.signal, onProgress })
}
