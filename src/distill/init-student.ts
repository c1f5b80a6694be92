// A student starts with its teacher's weights: tensors of both are copied, those of the student only start small. Upstream's
// DD_Model.init_with_teacher does the same, except that its last line overwrites a class embedding by mistake.

import type { TransformerArchitecture } from '../models/architecture.ts'
import { expectedShapes } from '../models/shapes.ts'
import { constantInit, initialise, normalInit, type Parameters } from './parameters.ts'
import { transformerInit } from './tasks/teacher.ts'
import type { HostTensor, Tensors } from './weights-file.ts'

/** @returns parameters of a student of the teacher's architecture */
export function studentFrom(
  arch: TransformerArchitecture,
  teacher: Tensors,
  codebook: HostTensor,
  seed: number,
): Parameters {
  const rule = transformerInit(arch)
  const student = initialise(
    expectedShapes({ kind: 'student', architecture: arch }),
    (name, shape) => {
      if (/layerwise_n_d_embed.*weight$/.test(name)) return normalInit(0.3 / Math.sqrt(shape[1]!))
      if (/n_d_embed|scale_shift_table/.test(name)) return normalInit(0.02)
      if (name === 'final_layer_conti.linear.bias') return constantInit(0)
      return rule(name, shape)
    },
    seed,
  )
  for (const [name, tensor] of student) {
    const from = teacher.get(name)
    if (from && from.shape.join() === tensor.shape.join()) tensor.data.set(from.data)
    else if (from && (name === 'lvl_embed.weight' || name === 'pos_1LC')) insertRow(tensor.data, from.data, arch)
  }
  if (arch.family === 'llamagen') fitWords(student, teacher.get('tok_embeddings.weight')!, codebook)
  return student
}

/** The student's sequence has the class token in front as a level and a position of its own: row 1 is new, as random as it is. */
function insertRow(into: Float32Array, from: Float32Array, arch: TransformerArchitecture): void {
  const width = arch.family === 'var' ? arch.embedDim : arch.dim
  into.set(from.subarray(0, width))
  into.set(from.subarray(width), 2 * width)
}

/**
 * LlamaGen's teacher looks tokens up, its student multiplies their vectors: the matrix [dim, C] that comes nearest to the
 * table, by least squares over the codebook with a touch of ridge.
 */
function fitWords(student: Parameters, table: HostTensor, codebook: HostTensor): void {
  const [codes, c] = codebook.shape as [number, number]
  const dim = table.shape[1]!
  const gram = new Float64Array(c * c)
  const cross = new Float64Array(c * dim)
  for (let v = 0; v < codes; v++) {
    for (let i = 0; i < c; i++) {
      const x = codebook.data[v * c + i]!
      for (let j = 0; j < c; j++) gram[i * c + j]! += x * codebook.data[v * c + j]!
      for (let d = 0; d < dim; d++) cross[i * dim + d]! += x * table.data[v * dim + d]!
    }
  }
  for (let i = 0; i < c; i++) gram[i * c + i]! += 1e-3 * codes
  const solution = solve(gram, cross, c, dim)
  const weight = student.get('tok_embeddings.weight')!.data // [dim, C]
  for (let d = 0; d < dim; d++) for (let i = 0; i < c; i++) weight[d * c + i] = solution[i * dim + d]!
}

/** X of A X = B for symmetric positive A [n, n] and B [n, m], by Gaussian elimination. */
function solve(a: Float64Array, b: Float64Array, n: number, m: number): Float64Array {
  for (let k = 0; k < n; k++) {
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k]! / a[k * n + k]!
      for (let j = k; j < n; j++) a[i * n + j]! -= factor * a[k * n + j]!
      for (let j = 0; j < m; j++) b[i * m + j]! -= factor * b[k * m + j]!
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = 0; j < m; j++) {
      let sum = b[k * m + j]!
      for (let i = k + 1; i < n; i++) sum -= a[k * n + i]! * b[i * m + j]!
      b[k * m + j] = sum / a[k * n + k]!
    }
  }
  return b
}
