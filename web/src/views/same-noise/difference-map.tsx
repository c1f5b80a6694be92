// Where two pictures differ: one dot per pixel, stronger for larger differences. Opacity grows with the square root,
// so that small differences are visible.
import { useEffect, useRef } from 'preact/hooks'

/** From the background's colour to its opposite. */
export function DifferenceMap({ map, size }: { map: Uint8Array | undefined; size: number }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    context.clearRect(0, 0, size, size)
    if (!map) return
    const image = context.createImageData(size, size)
    // White with the difference as its opacity: blended as a difference, it darkens a light background and lightens a dark one.
    image.data.fill(255)
    for (const [i, value] of map.entries()) image.data[4 * i + 3] = 255 * Math.sqrt(value / 255)
    context.putImageData(image, 0, 0)
  }, [map, size])
  return (
    <span class="same-map" aria-hidden="true">
      <canvas ref={canvas} class="pixelated" width={size} height={size} />
    </span>
  )
}

export const MapLegend = () => (
  <p class="caption same-legend">
    Difference <span>0</span> <i aria-hidden="true" /> <span>255 levels</span>
  </p>
)
