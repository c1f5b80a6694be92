// Images of a page against Node's: the same networks on another build of ONNX Runtime.
import { expect } from 'vitest'
import { load } from '../../src/library/node/load.ts'
import type { PlanOptions } from '../../src/sampling/plan-options.ts'

/** Mean difference in levels of 255, and the largest one. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): { mean: number; max: number } {
  expect(a.length).toBe(b.length)
  let sum = 0
  let max = 0
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!)
    sum += d
    max = Math.max(max, d)
  }
  return { mean: sum / a.length, max }
}

/** What Node makes of (class, seed), one after the other. */
export async function nodeImages(
  name: string,
  asks: readonly (PlanOptions & { classes: number[]; seed: number })[],
): Promise<Uint8Array[]> {
  const model = await load(name, { device: 'cpu', threads: 1 })
  try {
    const out: Uint8Array[] = []
    for (const ask of asks) for (const image of (await model.sample(ask)).images) out.push(image.data)
    return out
  } finally {
    await model.dispose()
  }
}
