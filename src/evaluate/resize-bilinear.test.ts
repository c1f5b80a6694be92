// The two bilinear resizings against loops that follow their definitions pixel by pixel.
import { describe, expect, it } from 'vitest'
import { evaluate, numbers } from '../../test/evaluate.ts'
import { float32 } from '../engine/types.ts'
import { constant, input } from '../graph/index.ts'
import { type BilinearGrid, bilinearAxis, resize, turned } from './resize-bilinear.ts'

const grids: BilinearGrid[] = ['half-pixel', 'top-left']

/** In float64, four pixels and two weights at a time. */
function byDefinition(
  image: ArrayLike<number>,
  [h, w]: [number, number],
  [H, W]: [number, number],
  grid: BilinearGrid,
) {
  const place = (i: number, from: number, to: number) =>
    grid === 'top-left' ? (i * from) / to : Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1)
  return Array.from({ length: H * W }, (_, at) => {
    const v = place(Math.floor(at / W), h, H)
    const u = place(at % W, w, W)
    const top = Math.floor(v)
    const left = Math.floor(u)
    const bottom = Math.min(top + 1, h - 1)
    const right = Math.min(left + 1, w - 1)
    const pixel = (y: number, x: number) => image[y * w + x]!
    const along = (y: number) => pixel(y, left) + (pixel(y, right) - pixel(y, left)) * (u - left)
    return along(top) + (along(bottom) - along(top)) * (v - top)
  })
}

const noise = (n: number) =>
  Float32Array.from({ length: n }, (_, i) => Math.floor(256 * Math.abs(Math.sin(i * 12.9898))))
const row = (matrix: Float32Array, pixels: number[], i: number) =>
  pixels.reduce((sum, p, j) => sum + p * matrix[i * pixels.length + j]!, 0)

describe('an axis', () => {
  it('has the pixels’ centres, or their top-left corners, in one place', () => {
    const stretched = (grid: BilinearGrid) => [0, 1, 2, 3].map((i) => row(bilinearAxis(2, 4, grid), [0, 8], i))
    expect(stretched('half-pixel')).toEqual([0, 2, 6, 8])
    expect(stretched('top-left')).toEqual([0, 4, 8, 8])
  })

  it.each(grids)('%s: is the identity at equal sizes, and always a mean of neighbours', (grid) => {
    const identity = Float32Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 1 : 0))
    expect(bilinearAxis(5, 5, grid)).toEqual(identity)
    for (const from of [1, 17, 256, 299, 500]) {
      const axis = bilinearAxis(from, 299, grid)
      const ones = Array.from({ length: from }, () => 1)
      for (let i = 0; i < 299; i++) expect(row(axis, ones, i)).toBeCloseTo(1, 6)
    }
  })
})

describe.each(grids)('an image in the %s grid', (grid) => {
  it.each<[string, [number, number], [number, number]]>([
    ['as samples are', [256, 256], [299, 299]],
    ['smaller, and not square', [300, 41], [37, 99]],
    ['of one pixel', [1, 1], [3, 3]],
  ])('is what the definition says: %s', async (_, [h, w], [H, W]) => {
    const image = noise(h * w)
    const rows = constant(bilinearAxis(h, H, grid), [H, h])
    const columns = constant(turned(bilinearAxis(w, W, grid), W), [w, W])
    const resized = resize(input('x', 'float32', [1, 1, h, w]), rows, columns)
    const { out } = await evaluate({ out: resized }, { x: float32(image, [1, 1, h, w]) })
    // Positions are float32, as upstream's: at 256 they are good to 1/65536 of a pixel, hence 255 / 65536 of a level.
    expect(numbers(out)).toBeAllclose(byDefinition(image, [h, w], [H, W], grid), { atol: 0.01, rtol: 0 })
  })
})

it('the two differ by whole levels where an image has edges', () => {
  const image = noise(64 * 64)
  const [a, b] = grids.map((grid) => byDefinition(image, [64, 64], [75, 75], grid)) as [number[], number[]]
  expect(Math.max(...a.map((x, i) => Math.abs(x - b[i]!)))).toBeGreaterThan(20)
})
