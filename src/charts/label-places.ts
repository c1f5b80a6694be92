// Where a label stands beside its point so that it covers no other point and no other label. Charts stretch with the page,
// so a place has to do at several widths; it is searched greedily, point after point.

export interface Place {
  /** Pixels from the point. */
  dx: number
  dy: number
  anchor: 'start' | 'middle' | 'end'
}

export interface Labelled {
  /** Shares of the plot, from the left and from the top. */
  x: number
  y: number
  label: string
}

interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

/** Best first: beside the point, then above and below it, then at its corners. */
const candidates: readonly Place[] = [
  { dx: 10, dy: 0, anchor: 'start' },
  { dx: -10, dy: 0, anchor: 'end' },
  { dx: 0, dy: -14, anchor: 'middle' },
  { dx: 0, dy: 14, anchor: 'middle' },
  { dx: 8, dy: -11, anchor: 'start' },
  { dx: 8, dy: 11, anchor: 'start' },
  { dx: -8, dy: -11, anchor: 'end' },
  { dx: -8, dy: 11, anchor: 'end' },
]

/** Of letters of 12 pixels: a little more than their mean width, and their line. */
const letterWidth = 7
const lineHeight = 14
/** Half the side of a point's mark. */
const reach = 6
/** Plots are between these widths. */
const widths = [260, 420, 520, 900]
/** A label that covers more than this many square pixels of others, on average, is left out. */
const bearable = 60

/**
 * One place per point, `undefined` where there is no room for a label in a plot of that height in pixels.
 * @example
 * labelPlaces([{ x: 0.5, y: 0.5, label: 'teacher' }], 300) // [{ dx: 10, dy: 0, anchor: 'start' }]
 */
export function labelPlaces(points: readonly Labelled[], height: number): (Place | undefined)[] {
  const layouts = widths.map((width) => ({
    width,
    taken: points.map((point): Box => around(point.x * width, point.y * height, reach, reach)),
  }))
  return points.map((point, i) => {
    const rated = candidates.map((place, order) => {
      const costs = layouts.map(({ width, taken }) => {
        const box = boxOf(point, place, width, height)
        const covered = taken.reduce((sum, other, j) => sum + (j === i ? 0 : common(box, other)), 0)
        const outside = area(box) - common(box, { left: -20, right: width + 8, top: -10, bottom: height + 6 })
        return covered + 4 * outside
      })
      return { place, cost: costs.reduce((sum, cost) => sum + cost, 0) / layouts.length, order }
    })
    const best = rated.reduce((a, b) => (b.cost + b.order / 10 < a.cost + a.order / 10 ? b : a))
    if (best.cost > bearable) return undefined
    for (const { width, taken } of layouts) taken.push(boxOf(point, best.place, width, height))
    return best.place
  })
}

function boxOf({ x, y, label }: Labelled, { dx, dy, anchor }: Place, width: number, height: number): Box {
  const half = (label.length * letterWidth) / 2
  const shift = anchor === 'start' ? half : anchor === 'end' ? -half : 0
  return around(x * width + dx + shift, y * height + dy, half, lineHeight / 2)
}

const around = (x: number, y: number, width: number, height: number): Box => {
  return { left: x - width, right: x + width, top: y - height, bottom: y + height }
}

const area = ({ left, right, top, bottom }: Box): number => Math.max(0, right - left) * Math.max(0, bottom - top)

const common = (a: Box, b: Box): number =>
  area({
    left: Math.max(a.left, b.left),
    right: Math.min(a.right, b.right),
    top: Math.max(a.top, b.top),
    bottom: Math.min(a.bottom, b.bottom),
  })
