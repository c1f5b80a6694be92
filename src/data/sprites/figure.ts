// What a class of sprites is: its colours, where it may stand, how far it leans, and how it is drawn.
import type { Background } from './background.ts'
import type { Draws } from './draws.ts'
import type { Hue } from './palette.ts'

export interface Figure {
  /** The main colour is one of these. */
  hues: readonly Hue[]
  backgrounds: readonly Background[]
  /** Degrees a figure may lean to either side. */
  lean: number
  /** Whether half of the figures are mirrored. */
  mirrored: boolean
  /** SVG around (0, 0), within 15 units to every side; shapes inherit an ink outline. */
  draw(main: string, draws: Draws, hue: Hue): string
}
