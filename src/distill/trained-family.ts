// Networks in memory as a Family, so that training samples through the very sampler that users call.

import type { Engine } from '../engine/types.ts'
import type { GeneratedImage } from '../images/image.ts'
import type {
  LlamaGenArchitecture,
  LlamaGenVqArchitecture,
  TokenizerArchitecture,
  TransformerArchitecture,
  VarArchitecture,
  VarVqvaeArchitecture,
} from '../models/architecture.ts'
import type { Family } from '../sampling/family.ts'
import { tokensBefore } from '../sampling/family.ts'
import { llamaGenFamily } from '../sampling/llamagen-family.ts'
import { noiseSource } from '../sampling/noise.ts'
import type { SamplingPlan, TeacherSettings } from '../sampling/plan.ts'
import type { Programs } from '../sampling/programs.ts'
import { programCache } from '../sampling/programs.ts'
import { sample } from '../sampling/sampler.ts'
import { varFamily } from '../sampling/var-family.ts'
import { memoryWeights } from './frozen.ts'
import { imageGrid } from './tasks/tokenizer.ts'
import type { Tensors } from './weights-file.ts'

export interface Network<A> {
  architecture: A
  tensors: Tensors
}

export interface TrainedParts {
  tokenizer: Network<TokenizerArchitecture>
  teacher?: Network<TransformerArchitecture> | undefined
  student?: Network<TransformerArchitecture> | undefined
}

export function trainedFamily({ tokenizer, teacher, student }: TrainedParts): Family {
  const opened = <A>(name: string, network: Network<TokenizerArchitecture | TransformerArchitecture>) => ({
    arch: network.architecture as A,
    weights: memoryWeights(name, network.tensors),
  })
  if (tokenizer.architecture.family === 'var') {
    return varFamily({
      tokenizer: opened<VarVqvaeArchitecture>('tokenizer', tokenizer),
      ...(teacher && { teacher: opened<VarArchitecture>('teacher', teacher) }),
      ...(student && { student: opened<VarArchitecture>('student', student) }),
    })
  }
  return llamaGenFamily({
    tokenizer: opened<LlamaGenVqArchitecture>('tokenizer', tokenizer),
    ...(teacher && { teacher: opened<LlamaGenArchitecture>('teacher', teacher) }),
    ...(student && { student: opened<LlamaGenArchitecture>('student', student) }),
    tokens: ((teacher ?? student)!.architecture as LlamaGenArchitecture).tokens,
  })
}

/** How a teacher samples unless told otherwise. */
export const teacherDefaults = (settings: Partial<TeacherSettings> = {}): TeacherSettings => ({
  cfg: 1.5,
  cfgInterval: -1,
  topK: 0,
  topP: 1,
  temperature: 1,
  greedy: false,
  prefixMask: 'none',
  ...settings,
})

/** Images of one class each, float32 [3, S, S] in [-1, 1], one after the other. */
export async function sampledImages(
  family: Family,
  programs: Programs,
  { plan, labels, seed, batch = 64 }: { plan: SamplingPlan; labels: readonly number[]; seed: number; batch?: number },
): Promise<Float32Array> {
  const size = 3 * family.imageSize ** 2
  const out = new Float32Array(labels.length * size)
  const values = tokensBefore(family, family.groups.length) * family.channels
  const noise = noiseSource('philox', seed, values, labels.length)
  for await (const { index, pixels } of sample(family, programs, { labels, plan, noise, seed, batch }))
    out.set(
      pixels.map((p) => 2 * p - 1),
      index * size,
    )
  return out
}

/** A sheet with one column a class, for each plan `rows` rows. */
export async function sampleSheet(
  engine: Engine,
  parts: TrainedParts,
  plans: readonly SamplingPlan[],
  { classes, rows = 4, seed = 0 }: { classes: number; rows?: number; seed?: number },
): Promise<GeneratedImage> {
  const family = trainedFamily(parts)
  const programs = programCache(engine)
  const columns = Math.min(classes, 20)
  const labels = Array.from({ length: rows * columns }, (_, i) => i % columns)
  try {
    const sheets: Float32Array[] = []
    for (const plan of plans) sheets.push(await sampledImages(family, programs, { plan, labels, seed }))
    return imageGrid(sheets, family.imageSize, columns)
  } finally {
    await programs.close()
  }
}
