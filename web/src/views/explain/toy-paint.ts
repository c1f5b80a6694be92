// The toy's canvas: the plane in the colours of its cells, noise on its way, and the reader's own noise with its whole path.
import { placeAt, reach } from './flow.ts'
import type { ToyFacts } from './toy-state.ts'

interface Ink {
  entries: string[]
  card: string
  text: string
  soft: string
}

/** The page's current colours: a canvas cannot read CSS variables, so an element's computed style gives their values. */
function inkOf(element: HTMLElement): Ink {
  const style = getComputedStyle(element)
  const colour = (name: string) => {
    element.style.color = `var(${name})`
    return style.color
  }
  return {
    entries: [0, 1, 2, 3, 4].map((j) => colour(`--explain-${j}`)),
    card: colour('--card'),
    soft: colour('--soft'),
    text: colour('--text'),
  }
}

/** Paints the plane at time t onto a canvas of any size. */
export function paint(canvas: HTMLCanvasElement, facts: ToyFacts, t: number): void {
  const context = canvas.getContext('2d')
  if (!context || !canvas.width) return
  const ink = inkOf(canvas)
  const size = canvas.width
  const unit = size / (2 * reach)
  const place = (x: number, y: number): [number, number] => [size / 2 + x * unit, size / 2 - y * unit]
  context.clearRect(0, 0, size, size)
  paintCells(context, facts.cells, ink, size)
  paintRings(context, ink, size, unit)
  paintNoise(context, facts, ink, t, place, size)
  paintOwn(context, facts, ink, t, place, size)
}

function paintCells(context: CanvasRenderingContext2D, { side, cells }: ToyFacts['cells'], ink: Ink, size: number) {
  const small = new OffscreenCanvas(side, side)
  const inner = small.getContext('2d', { willReadFrequently: true })
  if (!inner) return
  const colours = ink.entries.map((colour) => bytes(inner, colour))
  const image = inner.createImageData(side, side)
  for (const [pixel, cell] of cells.entries()) image.data.set(colours[cell]!, 4 * pixel)
  inner.putImageData(image, 0, 0)
  context.imageSmoothingQuality = 'high'
  context.globalAlpha = 0.24
  context.drawImage(small, 0, 0, size, size)
  context.globalAlpha = 1
}

/** A CSS colour as bytes, by way of a pixel. */
function bytes(context: OffscreenCanvasRenderingContext2D, colour: string): Uint8ClampedArray {
  context.fillStyle = colour
  context.fillRect(0, 0, 1, 1)
  return context.getImageData(0, 0, 1, 1).data
}

/** One, two and three standard deviations of the noise. */
function paintRings(context: CanvasRenderingContext2D, { soft }: Ink, size: number, unit: number) {
  context.strokeStyle = soft
  context.globalAlpha = 0.35
  context.lineWidth = size / 500
  context.setLineDash([size / 120, size / 90])
  for (const radius of [1, 2, 3]) {
    context.beginPath()
    context.arc(size / 2, size / 2, radius * unit, 0, 2 * Math.PI)
    context.stroke()
  }
  context.setLineDash([])
  context.globalAlpha = 1
}

type Place = (x: number, y: number) => [number, number]

function paintNoise(
  context: CanvasRenderingContext2D,
  { paths }: ToyFacts,
  ink: Ink,
  t: number,
  place: Place,
  size: number,
) {
  const { ends, steps } = paths
  for (const [n, end] of ends.entries()) {
    context.strokeStyle = ink.entries[end]!
    context.fillStyle = ink.entries[end]!
    if (t > 0) {
      context.globalAlpha = 0.22
      context.lineWidth = size / 420
      trace(context, steps, t, (at) => place(...placeAt(paths, n, at)))
    }
    context.globalAlpha = 0.9
    context.beginPath()
    context.arc(...place(...placeAt(paths, n, t)), size / 170, 0, 2 * Math.PI)
    context.fill()
  }
  context.globalAlpha = 1
}

function trace(context: CanvasRenderingContext2D, steps: number, until: number, at: (t: number) => [number, number]) {
  context.beginPath()
  context.moveTo(...at(0))
  for (let step = 1; step < until * steps; step++) context.lineTo(...at(step / steps))
  context.lineTo(...at(until))
  context.stroke()
}

function paintOwn(
  context: CanvasRenderingContext2D,
  { own }: ToyFacts,
  ink: Ink,
  t: number,
  place: Place,
  size: number,
) {
  const at = (when: number) => place(...placeAt(own, 0, when))
  context.lineJoin = 'round'
  for (const [colour, width] of [
    [ink.card, size / 75],
    [ink.text, size / 190],
  ] as const) {
    context.strokeStyle = colour
    context.lineWidth = width
    trace(context, own.steps, 1, at)
  }
  context.fillStyle = ink.text
  context.strokeStyle = ink.card
  context.lineWidth = size / 250
  context.beginPath()
  context.arc(...at(t), size / 75, 0, 2 * Math.PI)
  context.fill()
  context.stroke()
}
