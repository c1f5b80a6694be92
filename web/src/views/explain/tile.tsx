// One tile of an image file of many, as large as its place; pixels stay crisp.
import type { Sheet } from './recorded.ts'

export interface TileProps {
  sheet: Sheet
  index: number
  /** Without it the tile is decoration. */
  alt?: string
  class?: string
}

/** Place of the k-th of n tiles as CSS counts it: 0 % shows the first one, 100 % the last. */
const percent = (k: number, n: number): string => `${n < 2 ? 0 : (100 * k) / (n - 1)}%`

export function Tile({ sheet: { address, columns, rows }, index, alt, class: name = '' }: TileProps) {
  const style = {
    backgroundImage: `url("${address}")`,
    backgroundSize: `${100 * columns}% ${100 * rows}%`,
    backgroundPosition: `${percent(index % columns, columns)} ${percent(Math.floor(index / columns), rows)}`,
  }
  const look = `explain-tile pixelated ${name}`
  if (alt === undefined) return <span class={look} style={style} aria-hidden="true" />
  return <span class={look} style={style} role="img" aria-label={alt} />
}
