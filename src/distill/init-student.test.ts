import { expect, test } from 'vitest'
import type { LlamaGenArchitecture, VarArchitecture } from '../models/architecture.ts'
import { expectedShapes } from '../models/shapes.ts'
import { studentFrom } from './init-student.ts'
import { initialise, normalInit } from './parameters.ts'

const codebook = { shape: [8, 2], data: Float32Array.from({ length: 16 }, (_, i) => Math.sin(i + 1)) }
const teacherOf = (architecture: VarArchitecture | LlamaGenArchitecture) =>
  initialise(expectedShapes({ kind: 'teacher', architecture }), () => normalInit(1), 5)

const varArch: VarArchitecture = {
  family: 'var',
  depth: 1,
  embedDim: 8,
  heads: 2,
  patchNums: [1, 2],
  vocabSize: 8,
  channels: 2,
  numClasses: 3,
  mlpRatio: 4,
  sharedAdaLN: true,
  attnL2Norm: true,
  layerwiseNoiseDataEmbed: true,
}

test('a VAR student is its teacher with a level and a position more, right behind the class token', () => {
  const teacher = teacherOf(varArch)
  const student = studentFrom(varArch, teacher, codebook, 0)
  expect([...student.keys()]).toEqual([...expectedShapes({ kind: 'student', architecture: varArch }).keys()])
  for (const name of ['word_embed.weight', 'blocks.0.attn.mat_qkv.weight', 'head.weight', 'class_emb.weight'])
    expect(student.get(name)!.data).toEqual(teacher.get(name)!.data)
  for (const name of ['lvl_embed.weight', 'pos_1LC']) {
    const ours = student.get(name)!.data
    const theirs = teacher.get(name)!.data
    expect(ours.subarray(0, 8)).toEqual(theirs.subarray(0, 8))
    expect(ours.subarray(16)).toEqual(theirs.subarray(8))
  }
})

test("a LlamaGen student's word matrix gives what its teacher looks up, as nearly as a matrix can", () => {
  const arch: LlamaGenArchitecture = {
    family: 'llamagen',
    layers: 1,
    dim: 4,
    heads: 1,
    ffnDim: 8,
    vocabSize: 8,
    channels: 2,
    tokens: 4,
    numClasses: 3,
  }
  const teacher = teacherOf(arch)
  const truth = [1, -1, 2, 0.5, -2, 3, 0, 1] // [dim 4, C 2]
  const table = teacher.get('tok_embeddings.weight')!.data
  for (let v = 0; v < 8; v++)
    for (let d = 0; d < 4; d++)
      table[v * 4 + d] = truth[2 * d]! * codebook.data[2 * v]! + truth[2 * d + 1]! * codebook.data[2 * v + 1]!
  const student = studentFrom(arch, teacher, codebook, 0)
  expect(student.get('tok_embeddings.weight')!.data).toBeAllclose(truth, { atol: 0.02 })
  expect(student.get('layers.0.attention.wo.weight')!.data).toEqual(teacher.get('layers.0.attention.wo.weight')!.data)
})
