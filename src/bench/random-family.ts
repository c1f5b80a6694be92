// A model of any zoo size with random weights: same shapes, same graphs, same speed, no download.

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../core/errors.ts'
import type {
  LlamaGenArchitecture,
  LlamaGenVqArchitecture,
  NetworkSpec,
  VarArchitecture,
  VarVqvaeArchitecture,
} from '../models/architecture.ts'
import { expectedShapes } from '../models/shapes.ts'
import { type DType, openWeights } from '../models/weights.ts'
import type { Family } from '../sampling/family.ts'
import { llamaGenFamily } from '../sampling/llamagen-family.ts'
import { varFamily } from '../sampling/var-family.ts'
import type { StudentEntry } from '../zoo/model-entry.ts'
import { findModel } from '../zoo/registry.ts'
import { randomStateDict } from './random-weights.ts'

/** Folder of the scratch weights; it is kept, since writing 1.5 GB takes longer than measuring. */
export const scratchFolder = (): string => process.env.DISTILLED_BENCH ?? join(tmpdir(), 'distilled-bench')

/** The student entry called `name`. */
export function studentEntry(name: string): StudentEntry {
  const entry = findModel(name)
  if (entry.kind === 'student') return entry
  throw new UsageError(`${name} is a ${entry.kind}; bench measures students, with their teacher and tokenizer.`, {
    remedy: "Try `model: 'var-dd-d16'`.",
  })
}

/** Student, tokenizer and (when asked for) teacher of a zoo model, filled with random weights. */
export async function randomFamily(
  entry: StudentEntry,
  dtype: DType,
  withTeacher: boolean,
  signal?: AbortSignal,
): Promise<Family> {
  const part = async <A>(name: string, arithmetic: DType) => {
    const { kind, architecture } = findModel(name)
    const shapes = expectedShapes({ kind, architecture } as NetworkSpec)
    const tensors = await randomStateDict(shapes, join(scratchFolder(), `${name}.bin`), signal)
    return { arch: architecture as A, weights: openWeights(name, tensors, { dtype: arithmetic }) }
  }
  if (entry.architecture.family === 'var') {
    return varFamily({
      tokenizer: await part<VarVqvaeArchitecture>(entry.tokenizer, 'fp32'),
      student: await part<VarArchitecture>(entry.name, dtype),
      ...(withTeacher && entry.teacher && { teacher: await part<VarArchitecture>(entry.teacher, dtype) }),
    })
  }
  return llamaGenFamily({
    tokenizer: await part<LlamaGenVqArchitecture>(entry.tokenizer, 'fp32'),
    student: await part<LlamaGenArchitecture>(entry.name, dtype),
    ...(withTeacher && entry.teacher && { teacher: await part<LlamaGenArchitecture>(entry.teacher, dtype) }),
    tokens: entry.architecture.tokens,
  })
}
