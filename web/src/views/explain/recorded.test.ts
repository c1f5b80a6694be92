import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import llamaGen from './recorded/llamagen.json'
import varData from './recorded/var.json'
import { pictureAfter, pictureBefore, recordings } from './recorded.ts'

/** Width and height of a PNG file. */
const sizeOf = (name: string) => {
  const bytes = readFileSync(new URL(`./recorded/${name}.png`, import.meta.url))
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)]
}

describe.each([
  ['var', varData, 130],
  ['llamagen', llamaGen, 64],
] as const)('the recording of %s', (family, data, length) => {
  const { tokens, codebook, sheet, finished, independent } = recordings[family]

  it('has every token with a conditional that may be one', () => {
    expect(tokens).toHaveLength(length)
    for (const { entry, likely } of tokens) {
      expect(codebook[entry]).toHaveLength(8)
      const shares = likely.map(({ probability }) => probability)
      expect(shares).toEqual(shares.toSorted((a, b) => b - a))
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThan(1.001)
      expect(new Set(likely.map((one) => one.entry)).size).toBe(5)
    }
  })

  it('was drawn from its conditionals: likely entries came often', () => {
    const expected = tokens.reduce((sum, { likely }) => sum + likely[0]!.probability, 0)
    const seen = tokens.filter(({ entry, likely }) => entry === likely[0]!.entry).length
    expect(Math.abs(seen - expected)).toBeLessThan(3 * Math.sqrt(length / 4))
  })

  it('has the pictures that it speaks of', () => {
    expect(sizeOf(family)).toEqual([32 * (finished + independent), 32])
    expect(sizeOf(`${family}-codes`)).toEqual([64, 64])
    expect(sheet.columns).toBe(finished + independent)
    expect(data.codebook).toHaveLength(256)
  })
})

describe('places of tokens', () => {
  it('are those of their scale in VAR, and of the picture in LlamaGen', () => {
    const place = ({ group, side, row, column }: (typeof recordings)['var']['tokens'][number]) => [
      group,
      side,
      row,
      column,
    ]
    expect(place(recordings.var.tokens[0]!)).toEqual([0, 1, 0, 0])
    expect(place(recordings.var.tokens[4]!)).toEqual([1, 2, 1, 1])
    expect(place(recordings.var.tokens[129]!)).toEqual([5, 8, 7, 7])
    expect(place(recordings.llamagen.tokens[27]!)).toEqual([27, 8, 3, 3])
  })

  it('know what was finished before and after', () => {
    const { var: scales, llamagen: rows } = recordings
    expect(pictureBefore(scales, scales.tokens[0]!)).toBeUndefined()
    expect(pictureBefore(scales, scales.tokens[5]!)).toBe(1)
    expect(pictureAfter(scales, scales.tokens[129]!)).toBe(5)
    expect(pictureAfter(rows, rows.tokens[3]!)).toBe(0)
  })
})
