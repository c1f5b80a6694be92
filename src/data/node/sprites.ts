// Sprites: a data set this project draws itself, so that the whole method trains in minutes and needs no download.
// Twelve things that are easy to recognise, in flat colours with a dark outline. An image is an SVG whose every choice
// comes from Philox at (seed, index), so any image can be drawn alone; librsvg (in sharp) makes it pixels.
import { sharp } from '../../images/node/sharp.ts'
import type { LabelledDataset } from '../labels.ts'
import { toPlanes } from '../planes.ts'
import { background } from '../sprites/background.ts'
import { draws } from '../sprites/draws.ts'
import { figures } from '../sprites/figures.ts'
import { colours, ink, jitter } from '../sprites/palette.ts'

/** Names of the classes in the order of their labels. */
export const spriteClasses: readonly string[] = Object.keys(figures)

export interface SpriteOptions {
  seed: number
  /** Side in pixels; 32 when left out. */
  imageSize?: number
  /** Number of images; a million when left out. */
  size?: number
}

const streams = { scene: 0, pose: 1, figure: 2 }

const labelOf = (index: number): number => index % spriteClasses.length

/**
 * Procedural images of twelve classes; image `index` has the label `index % 12`. Images of different indices are
 * independent of each other, so a held-out set is a range of indices that training leaves out, or another seed.
 * @throws UsageError (from `get`) unless seed and index are safe integers >= 0
 * @example
 * const data = sprites({ seed: 0 })
 * const { image, label } = await data.get(41) // float32 [3, 32, 32], 5: a cat
 */
export function sprites({ seed, imageSize = 32, size = 1_000_000 }: SpriteOptions): LabelledDataset {
  return {
    name: 'sprites',
    classes: spriteClasses,
    imageSize,
    size,
    labelOf,
    async get(index) {
      const svg = Buffer.from(spriteSvg({ seed, index, imageSize }))
      return { image: toPlanes(await sharp(svg).removeAlpha().raw().toBuffer()), label: labelOf(index) }
    },
  }
}

/**
 * The drawing behind an image of `sprites`, for any size.
 * @example
 * await writeFile('cat.svg', spriteSvg({ seed: 0, index: 41, imageSize: 512 }))
 */
export function spriteSvg({ seed, index, imageSize }: { seed: number; index: number; imageSize: number }): string {
  const choices = draws(seed, index, streams.figure)
  const figure = figures[spriteClasses[labelOf(index)]!]!
  const hue = choices.pick(figure.hues)
  const shapes = figure.draw(jitter(choices, colours[hue]), choices, hue)

  const scenery = draws(seed, index, streams.scene)
  const { back, front } = background(scenery.pick(figure.backgrounds), hue, scenery)

  const pose = draws(seed, index, streams.pose)
  const scale = pose.between(0.87, 1)
  const [x, y] = [pose.between(-1.5, 1.5), pose.between(-1.2, 1.2)].map((shift) => (16 + shift).toFixed(2))
  const mirror = figure.mirrored && pose.chance(0.5) ? -1 : 1
  const lean = pose.between(-figure.lean, figure.lean).toFixed(1)
  const transform = `translate(${x} ${y}) scale(${(mirror * scale).toFixed(3)} ${scale.toFixed(3)}) rotate(${lean})`

  const outline = `stroke="${ink}" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"`
  const size = `width="${imageSize}" height="${imageSize}" viewBox="0 0 32 32"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${back}<g ${outline} transform="${transform}">${shapes}</g>${front}</svg>`
}
