// From the flags that name a model to a loaded one, the same for a few images and for many.

import { load } from '../library/load.ts'
import type { Model } from '../library/model.ts'
import { readConfig } from './config.ts'
import type { Io } from './io.ts'
import type { SampleFlags } from './sample-flags.ts'

/** Loads the model that the flags name, with its teacher when they ask for one. */
export async function loadSampled(flags: SampleFlags, io: Io): Promise<Model> {
  const { student, teacher, tokenizer, device, dtype, threads, ema, policy } = flags
  const config = flags.config === undefined ? undefined : await readConfig(flags.config)
  const { flow, teacherFrom, teacherOnly, solver, odeSteps } = flags
  const needTeacher = Boolean(flow || teacherOnly || [teacherFrom, solver, odeSteps].some((flag) => flag !== undefined))
  const files = { student, teacher, tokenizer, needTeacher }
  return load(flags.model, { ...files, device, dtype, threads, ema, config, policy, signal: io.signal })
}
