// One step of a student, taken apart: raw heads, what upstream's final_predict makes of them, and the final sequence.
import type { Tensor } from '../../src/graph/index.ts'
import { inferLlamaGen, inferVar } from '../../src/models/infer.ts'
import { llamaGenStudent } from '../../src/models/llamagen-dd.ts'
import { llamaGenCodebook } from '../../src/models/llamagen-vq.ts'
import { predictedSequence, type StudentHeads } from '../../src/models/student.ts'
import { varStudent } from '../../src/models/var-dd.ts'
import { varCodebook } from '../../src/models/var-vqvae.ts'
import type { FixtureArray } from '../fixtures.ts'
import { evaluate, feed, numbers, openFixture } from './open.ts'

/** A student's body by timestep, with the codebook of its tokenizer. */
export interface OpenedStudent {
  at(timestep: number): { x: Tensor; heads: StudentHeads }
  codebook: Tensor
}

export async function openVarStudent(file: string, stateDict = 'trainer.ema_parameters'): Promise<OpenedStudent> {
  const { tensors, weights } = await openFixture(file, stateDict)
  const tokenizer = await openFixture('var_tiny_vqvae.pth')
  const arch = inferVar(file, tensors)
  return { at: (timestep) => varStudent(weights, arch, timestep), codebook: varCodebook(tokenizer.weights) }
}

export async function openLlamaGenStudent(file: string, heads: number, stateDict = 'ema'): Promise<OpenedStudent> {
  const { tensors, weights } = await openFixture(file, stateDict)
  const tokenizer = await openFixture('llamagen_tiny_vq.pt', 'model')
  const arch = inferLlamaGen(file, tensors, { heads, tokens: 16 })
  return { at: (timestep) => llamaGenStudent(weights, arch, timestep), codebook: llamaGenCodebook(tokenizer.weights) }
}

/**
 * Both heads on all positions, the continuous prediction with the finished tokens kept (split 0), and the codebook
 * indices that stand in the sequence when everything is quantised (split at the end).
 */
export async function studentStep(
  student: OpenedStudent,
  timestep: number,
  finished: number,
  inputs: { labels: FixtureArray; x: FixtureArray },
) {
  const { codebook } = student
  const { x, heads } = student.at(timestep)
  const length = inputs.x.shape[1]!
  const out = await evaluate(
    {
      logits: heads.logits(0, length),
      continuous: heads.continuous(0, length),
      kept: predictedSequence(x, heads, codebook, finished, 0),
      quantised: predictedSequence(x, heads, codebook, finished, length),
      codebook,
    },
    { labels: feed(inputs.labels), x: feed(inputs.x) },
  )
  const entries = rows(numbers(out.codebook), codebook.shape[1] as number)
  const indexOf = new Map(entries.map((entry, i) => [entry.join(), i]))
  return {
    logits: numbers(out.logits),
    continuous: numbers(out.continuous),
    kept: numbers(out.kept),
    indices: rows(numbers(out.quantised), codebook.shape[1] as number).map((entry) => indexOf.get(entry.join()) ?? -1),
  }
}

const rows = (data: readonly number[], width: number): number[][] =>
  Array.from({ length: data.length / width }, (_, i) => data.slice(i * width, (i + 1) * width))
