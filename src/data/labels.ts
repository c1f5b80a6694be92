// Labels without pixels: which images of a data set belong to a class, found without reading any.
import type { Dataset } from './dataset.ts'

export interface LabelledDataset extends Dataset {
  /** The label of that image; nothing is read. */
  labelOf(index: number): number
}

/** The first `count` indices of every class, by label; fewer where a class has fewer. */
export function firstOfEach({ classes, size, labelOf }: LabelledDataset, count: number): number[][] {
  const found: number[][] = classes.map(() => [])
  let missing = count * classes.length
  for (let index = 0; index < size && missing > 0; index++) {
    const own = found[labelOf(index)]!
    if (own.length === count) continue
    own.push(index)
    missing--
  }
  return found
}
