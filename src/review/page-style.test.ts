// WCAG 2.2 contrast of the review page's colours: 4.5 to 1 for text, 3 to 1 for the focus ring and outlines.
import { describe, expect, it } from 'vitest'
import { palette } from './page-style.ts'

/** @see https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(colour: string): number {
  const linear = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!
}

function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light! + 0.05) / (dark! + 0.05)
}

describe.each(['light', 'dark'] as const)('%s', (scheme) => {
  const colours: Record<string, string> = palette[scheme]
  const texts = ['text', 'soft', 'accept', 'flag', 'open'].flatMap((text) => [
    [text, 'card'],
    [text, 'page'],
  ])
  const signs = ['accept', 'flag'].map((behind) => ['on', behind])
  it.each([...texts, ...signs, ['page', 'text'], ['text', 'stage']])('%s reads on %s', (front, behind) => {
    expect(contrast(colours[front!]!, colours[behind!]!)).toBeGreaterThanOrEqual(4.5)
  })

  it.each(['page', 'card', 'stage'])('the focus ring and outlines stand out from %s', (behind) => {
    for (const ring of ['focus', 'accept', 'flag'])
      expect(contrast(colours[ring]!, colours[behind]!)).toBeGreaterThanOrEqual(3)
  })
})
