// Networks in memory as a Family, so that training uses the same sampler as users.

import type {
  LlamaGenArchitecture,
  LlamaGenVqArchitecture,
  TokenizerArchitecture,
  TransformerArchitecture,
  VarArchitecture,
  VarVqvaeArchitecture,
} from '../models/architecture.ts'
import type { Family } from '../sampling/family.ts'
import { llamaGenFamily } from '../sampling/llamagen-family.ts'
import { defaultTeacher, type TeacherSettings } from '../sampling/plan.ts'
import { varFamily } from '../sampling/var-family.ts'
import { memoryWeights } from './frozen.ts'
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

/** How a teacher that is trained here samples, unless its settings say otherwise. */
export const teacherDefaults = (settings: Partial<TeacherSettings> = {}): TeacherSettings => ({
  ...defaultTeacher,
  ...settings,
})
