// Weights and images of the Inception fixture: given by its formula (test/fixtures/inception.json), written as the file
// that a person would name.
import { writeSafetensors } from '../src/checkpoint/safetensors.ts'
import { sizeOf } from '../src/core/dtype.ts'
import { writeStream } from '../src/files/atomic.ts'
import { inceptionShapes } from '../src/models/inception.ts'
import { formulaArray, uniform } from './formula.ts'

/** Scale and offset by the last part of the name. */
function given(name: string, shape: readonly number[]): [scale: number, offset: number] {
  if (/(conv|fc)\.weight$/.test(name)) return [Math.sqrt(6 / sizeOf(shape.slice(1))), 0]
  if (name.endsWith('bn.weight')) return [0.25, 1]
  return name.endsWith('running_var') ? [0.5, 1] : [0.1, 0]
}

/** One tensor of the weights. */
export const inceptionArray = (name: string, shape: readonly number[]) =>
  formulaArray(name, sizeOf(shape), ...given(name, shape))

/** Writes all of them to a safetensors file. */
export function writeInception(path: string): Promise<void> {
  const tensors = [...inceptionShapes()].map(([name, shape]) => {
    const data = new Uint8Array(inceptionArray(name, shape).buffer)
    return { name, dtype: 'float32' as const, shape, data }
  })
  return writeStream(path, writeSafetensors(tensors))
}

/** An image [3, side, side] in [0, 1]: coarse squares and fine noise. */
export function formulaImage(name: string, side: number): Float32Array<ArrayBuffer> {
  const coarse = uniform(`${name}.coarse`)
  const fine = uniform(`${name}.fine`)
  return Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const c = Math.floor(i / side ** 2)
    const y = Math.floor(i / side) % side
    const x = i % side
    return 0.5 + 0.35 * coarse((c * 32 + Math.floor(y / 16)) * 32 + Math.floor(x / 16)) + 0.15 * fine(i)
  })
}
