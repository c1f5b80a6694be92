// The walk as an animated GIF: every picture is made once, in requests as large as allowed, and used again for the way back.
import { type Backend, type ModelInfo, mostImages } from '../../backend/types.ts'
import { type Pixels, pixelsOf } from '../same-noise/pixels.ts'
import { encodeGif, inARow } from './gif.ts'
import { places, recipeAt } from './recipe.ts'
import type { WalkSettings } from './walk-settings.ts'

export interface FilmAsk {
  backend: Backend
  model: ModelInfo
  walk: WalkSettings
}

export interface FilmProgress {
  part: 'pictures' | 'frames'
  done: number
  of: number
}

/** Side of the film's pictures, at least. */
const side = 256

export interface Film {
  blob: Blob
  name: string
  frames: number
}

/** An animated GIF of the walk, its classes side by side. */
export async function makeFilm(
  { backend, model, walk }: FilmAsk,
  signal: AbortSignal,
  onProgress: (progress: FilmProgress) => void,
): Promise<Film> {
  const { classes, from, index, to, moving, choice, back, seconds } = walk
  const stops = places(walk.frames, false)
  const together = Math.max(1, Math.floor(mostImages / classes.length))
  const strips: Pixels[] = []
  for (let first = 0; first < stops.length; first += together) {
    onProgress({ part: 'pictures', done: first, of: stops.length })
    const part = stops.slice(first, first + together)
    const images = part.flatMap((at) => {
      const noise = recipeAt({ from, index, to, at, moving, total: model.groups.length })
      return classes.map((label) => ({ class: label, noise }))
    })
    const made: Promise<Pixels>[] = []
    const onPicture = (picture: Parameters<typeof pixelsOf>[0] & { place: number }) => {
      made[picture.place] = pixelsOf(picture)
    }
    await backend.sample({ model: model.id, options: choice.options, images }, { signal, onPicture })
    const pixels = await Promise.all(made)
    for (let i = 0; i < part.length; i++) {
      strips.push(inARow(pixels.slice(i * classes.length, (i + 1) * classes.length), 1))
    }
  }
  const film = places(walk.frames, back).map((at) => strips[Math.round(at * (stops.length - 1))]!)
  const bytes = await encodeGif(film, {
    delay: (1000 * seconds) / Math.max(1, stops.length - 1),
    scale: Math.max(1, Math.round(side / model.imageSize)),
    comment: `AI-generated image; distilled-decoding ${JSON.stringify(described(model, walk))}`,
    signal,
    onFrame: (done, of) => onProgress({ part: 'frames', done, of }),
  })
  return { blob: new Blob([bytes], { type: 'image/gif' }), name: `walk-${from}-${to}.gif`, frames: film.length }
}

const described = (model: ModelInfo, { classes, from, index, to, moving, choice }: WalkSettings) => ({
  model: model.id,
  classes,
  seed: from,
  ...(index && { index }),
  toward: to,
  ...(moving.length < model.groups.length && { groups: moving }),
  options: choice.options,
})
