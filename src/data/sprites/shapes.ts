// SVG as short as it gets: shapes take a fill and inherit the ink outline of the group they stand in.
type Fill = string

const number = (value: number): string => String(Math.round(value * 100) / 100)

export const path = (d: string, fill: Fill): string => `<path d="${d}" fill="${fill}"/>`

export const circle = (x: number, y: number, r: number, fill: Fill): string =>
  `<circle cx="${number(x)}" cy="${number(y)}" r="${number(r)}" fill="${fill}"/>`

export const ellipse = (x: number, y: number, rx: number, ry: number, fill: Fill): string =>
  `<ellipse cx="${number(x)}" cy="${number(y)}" rx="${number(rx)}" ry="${number(ry)}" fill="${fill}"/>`

export const rect = (x: number, y: number, width: number, height: number, fill: Fill, round = 0): string =>
  `<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" rx="${round}" fill="${fill}"/>`

/** A line of its own colour and width. */
export const line = (d: string, colour: string, width: number): string =>
  `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${number(width)}"/>`

/** Shapes without outline. */
export const flat = (...shapes: string[]): string => `<g stroke="none">${shapes.join('')}</g>`

/** One outline around all shapes together: a first pass in ink, a second without outline on top. */
export const joined = (ink: string, ...shapes: string[]): string =>
  `<g stroke="${ink}" stroke-width="3">${shapes.join('')}</g>${flat(...shapes)}`

/** `count` points evenly around (x, y), the first straight up. */
export function around(count: number, x: number, y: number, r: number): [number, number][] {
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count - Math.PI / 2
    return [x + r * Math.cos(angle), y + r * Math.sin(angle)]
  })
}
