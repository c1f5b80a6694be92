// Goldens that keep count. The parity statement covers all arrays of the fixtures, so a fixture knows which of its
// arrays were compared with ours (inputs: fed to ours), and its last test fails when one was not.
import { expect, it } from 'vitest'
import { type FixtureArray, loadFixture } from '../fixtures.ts'
import { columns } from './open.ts'

/** fp32 outputs agree within 1e-4 of the largest golden value, images within one level of 8 bits, indices are equal. */
const RELATIVE = 1e-4
const PIXEL = { atol: 1 / 255, rtol: 0 }

export interface Goldens {
  readonly names: readonly string[]
  // biome-ignore lint/suspicious/noExplicitAny: fixture metadata is free-form JSON
  readonly meta: any
  /** An array to compute with. Counts only when the fixture says that it was given. */
  input(array: string): FixtureArray
  /** Ours is the golden, by the tolerance of its kind. */
  match(array: string, ours: ArrayLike<number>): void
  /** Ours is columns start..end of the golden [rows, length, ...]. */
  matchColumns(array: string, start: number, end: number, ours: ArrayLike<number>): void
  /** Ours pass through these goldens in this order, possibly by other states in between. */
  matchInOrder(arrays: readonly string[], ours: readonly ArrayLike<number>[]): void
  /** The last test of a file: nothing was left out. */
  allCompared(): void
}

export function goldens(name: string): Goldens {
  const { arrays, names, meta } = loadFixture(name)
  const compared = new Set<string>()
  const given = new Set(
    (meta.arrays as { name: string; source: string }[])
      .filter(({ source }) => /^(given|parameter) /.test(source))
      .map((entry) => entry.name),
  )
  const agree = (array: string, ours: ArrayLike<number>, golden: ArrayLike<number>) => {
    const what = expect(Array.from(ours), `${name}: ${array}`)
    if (arrays(array).data instanceof Int32Array) what.toEqual(Array.from(golden))
    else what.toBeWithinRelative(golden, RELATIVE)
    if (array.endsWith('image')) expect(ours, `${name}: ${array}`).toBeAllclose(golden, PIXEL)
    compared.add(array)
  }
  return {
    names,
    meta,
    input(array) {
      if (given.has(array)) compared.add(array)
      return arrays(array)
    },
    match: (array, ours) => agree(array, ours, arrays(array).data),
    matchColumns(array, start, end, ours) {
      const { data, shape } = arrays(array)
      agree(array, ours, columns(data, shape, start, end))
    },
    matchInOrder(list, ours) {
      let from = 0
      for (const array of list) {
        const { data } = arrays(array)
        const scale = Math.max(...Array.from(data, Math.abs))
        const at = ours.findIndex(
          (state, i) =>
            i >= from &&
            state.length === data.length &&
            data.every((x: number, j: number) => Math.abs(state[j]! - x) <= RELATIVE * scale),
        )
        expect(at, `${name}: no state (from number ${from} of ${ours.length} on) agrees with ${array}`).not.toBe(-1)
        from = at
        compared.add(array)
      }
    },
    allCompared() {
      it(`leave out no array of ${name}`, () => {
        expect(names.filter((array) => !compared.has(array))).toEqual([])
      })
    },
  }
}
