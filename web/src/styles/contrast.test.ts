// WCAG 2.2 contrast of the design's colours, light and dark: 4.5 to 1 for text on whatever it stands on, 3 to 1 for outlines
// of controls, focus rings and meters.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const tokens = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8')
const pairs = [...tokens.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)]
const schemes = {
  light: Object.fromEntries(pairs.map(([, name, light]) => [name, light!])),
  dark: Object.fromEntries(pairs.map(([, name, , dark]) => [name, dark!])),
}

/** @see https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light! + 0.05) / (dark! + 0.05)
}

const grounds = ['page', 'card', 'well', 'accent-wash']
const texts = [
  ...['text', 'soft'].flatMap((front) => grounds.map((behind) => [front, behind])),
  ...['accent', 'accent-strong', 'fault', 'warn'].flatMap((front) => [
    [front, 'page'],
    [front, 'card'],
  ]),
  ['card', 'accent'],
  ['card', 'fault'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
  ['warn', 'warn-wash'],
  ['fault', 'fault-wash'],
  ['text', 'fault-wash'],
  ['text', 'warn-wash'],
] as [string, string][]
const signs = ['edge', 'accent'].flatMap((front) => ['page', 'card', 'well'].map((behind) => [front, behind]))

describe.each(['light', 'dark'] as const)('%s', (scheme) => {
  const ratio = (front: string, behind: string) => contrast(schemes[scheme][front]!, schemes[scheme][behind]!)
  it.each(texts)('%s reads on %s', (front, behind) => expect(ratio(front, behind)).toBeGreaterThanOrEqual(4.5))
  it.each(signs as [string, string][])('%s stands out from %s', (front, behind) =>
    expect(ratio(front, behind)).toBeGreaterThanOrEqual(3),
  )
})
