import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UsageError } from '../../core/errors.ts'
import { grid } from './grid.ts'

/** Image k, all pixels (k + 1, x, y). */
const numbered = (k: number, width: number, height: number) => ({
  width,
  height,
  data: Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const pixel = Math.floor(i / 3)
    return [k + 1, pixel % width, Math.floor(pixel / width)][i % 3]!
  }),
})

test('five 3 x 2 images in three columns: the sheet of make_grid', () => {
  const sheet = grid(
    Array.from({ length: 5 }, (_, k) => numbered(k, 3, 2)),
    { columns: 3, padding: 1 },
  )
  expect([sheet.width, sheet.height]).toEqual([13, 7])
  const red = Array.from({ length: 7 }, (_, y) =>
    Array.from({ length: 13 }, (_, x) => sheet.data[3 * (y * 13 + x)]).join(''),
  )
  expect(red).toEqual([
    '0000000000000',
    '0111022203330',
    '0111022203330',
    '0000000000000',
    '0444055500000',
    '0444055500000',
    '0000000000000',
  ])
})

test('pixel (x, y) of image k lies at (k mod columns, k div columns) steps plus padding; the rest is black', () => {
  const whole = (max: number) => fc.integer({ min: 1, max })
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 9 }),
      whole(10),
      whole(4),
      whole(4),
      fc.nat(3),
      (n, columns, w, h, padding) => {
        const sheet = grid(
          Array.from({ length: n }, (_, k) => numbered(k, w, h)),
          { columns, padding },
        )
        const perRow = Math.min(n, columns)
        expect(sheet.width).toBe((w + padding) * perRow + padding)
        expect(sheet.height).toBe((h + padding) * Math.ceil(n / perRow) + padding)
        let lit = 0
        for (let i = 0; i < sheet.data.length; i += 3) if (sheet.data[i]) lit++
        expect(lit).toBe(n * w * h)
        for (let k = 0; k < n; k++) {
          const x = (k % perRow) * (w + padding) + padding + w - 1
          const y = Math.floor(k / perRow) * (h + padding) + padding + h - 1
          const at = 3 * (y * sheet.width + x)
          expect([...sheet.data.subarray(at, at + 3)]).toEqual([k + 1, w - 1, h - 1])
        }
      },
    ),
  )
})

test('padding is 2 when not said; one image stays as it is; settings go with the sheet', () => {
  const pair = [numbered(0, 4, 4), numbered(1, 4, 4)]
  expect(grid(pair, { columns: 2 })).toMatchObject({ width: 14, height: 8 })
  expect(grid(pair.slice(0, 1), { columns: 2, settings: { seed: 1 } })).toMatchObject({
    ...pair[0],
    settings: { seed: 1 },
  })
})

test('no images, other sizes and impossible columns are refused', () => {
  expect(() => grid([], { columns: 2 })).toThrow(UsageError)
  expect(() => grid([numbered(0, 2, 2), numbered(1, 2, 3)], { columns: 2 })).toThrow(
    'image 0 is 2 x 2, image 1 is 2 x 3',
  )
  for (const columns of [0, 1.5, Number.NaN]) expect(() => grid([numbered(0, 2, 2)], { columns })).toThrow(UsageError)
  expect(() => grid([numbered(0, 2, 2)], { columns: 1, padding: -1 })).toThrow(UsageError)
})
