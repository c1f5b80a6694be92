// The colours of the sprites: one ink for every outline, twelve figure colours, and for each hue a pastel to stand on.
import type { Draws } from './draws.ts'

export const ink = '#2b2545'
export const white = '#fffaf2'

/** Colours of figures. */
export const colours = {
  red: '#e5484d',
  orange: '#f6873f',
  yellow: '#fbc93d',
  green: '#55b45f',
  teal: '#2bb0a3',
  sky: '#56b4ee',
  blue: '#4470dc',
  violet: '#9166d6',
  pink: '#f480ac',
  brown: '#a8704a',
  grey: '#98a2b8',
  cream: '#ffe9c7',
} as const

export type Hue = keyof typeof colours

/** Colours of plain backgrounds, by the hue they are a tint of. */
export const pastels: Partial<Record<Hue, string>> = {
  pink: '#fbd0dc',
  orange: '#fdd9b8',
  yellow: '#fdeeb5',
  green: '#cdebc0',
  teal: '#bdebe3',
  sky: '#c2e4fa',
  violet: '#dcd2f8',
}

/** `colour` mixed with `other`; 0 is all `colour`, 1 all `other`. */
export function mix(colour: string, other: string, share: number): string {
  const channel = (hex: string, at: number) => Number.parseInt(hex.slice(at, at + 2), 16)
  const mixed = [1, 3, 5].map((at) => Math.round(channel(colour, at) * (1 - share) + channel(other, at) * share))
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}

export const lighter = (colour: string, share: number): string => mix(colour, '#ffffff', share)
export const darker = (colour: string, share: number): string => mix(colour, ink, share)

/** The colour, a touch lighter or darker. */
export function jitter(draws: Draws, colour: string): string {
  const shift = draws.between(-0.05, 0.12)
  return shift < 0 ? darker(colour, -shift) : lighter(colour, shift)
}
