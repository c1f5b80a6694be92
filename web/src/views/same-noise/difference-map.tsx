// Where two pictures differ: one dot per pixel, the stronger the further apart. Small differences are what matters here, so
// strength grows with the root.
import { useEffect, useRef } from 'preact/hooks'

/** From the well's colour to the accent's, both taken from the page. */
export function DifferenceMap({ map, size }: { map: Uint8Array | undefined; size: number }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    context.clearRect(0, 0, size, size)
    if (!map) return
    const image = context.createImageData(size, size)
    // Black with the difference as its opacity: the style sheet gives it the colour, in light and dark.
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
