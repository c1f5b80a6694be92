// Reads the parity fixtures (test/fixtures/README.md): `<name>.json` lists arrays, `<name>.bin` holds them.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const fixturePath = (file: string): string => fileURLToPath(new URL(`fixtures/${file}`, import.meta.url))

const arrayTypes = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u8: Uint8Array, i8: Int8Array }
type ArrayName = keyof typeof arrayTypes

export interface FixtureArray {
  data: Float32Array | Float64Array | Int32Array | Uint8Array | Int8Array
  shape: number[]
}

/** All arrays of one fixture by name, plus the JSON beside them. */
// biome-ignore lint/suspicious/noExplicitAny: fixture metadata is free-form JSON
export function loadFixture(name: string): { arrays: (array: string) => FixtureArray; names: string[]; meta: any } {
  const meta = JSON.parse(readFileSync(fixturePath(`${name}.json`), 'utf8'))
  const bytes = readFileSync(fixturePath(`${name}.bin`))
  const index = new Map<string, { dtype: ArrayName; shape: number[]; offset: number; nbytes: number }>(
    meta.arrays.map((entry: { name: string }) => [entry.name, entry]),
  )
  return {
    meta,
    names: [...index.keys()],
    arrays(array) {
      const entry = index.get(array)
      if (!entry) throw new Error(`fixture ${name} has no array "${array}"`)
      const raw = bytes.buffer.slice(bytes.byteOffset + entry.offset, bytes.byteOffset + entry.offset + entry.nbytes)
      return { data: new arrayTypes[entry.dtype](raw as ArrayBuffer), shape: entry.shape }
    },
  }
}
