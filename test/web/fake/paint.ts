// Pictures for the fake backend: two sprites mixed as a recipe says, softened for a hasty student, grainy where there is noise.
import { uniforms } from '../../../src/core/random/philox.ts'
import { background } from '../../../src/data/sprites/background.ts'
import { draws } from '../../../src/data/sprites/draws.ts'
import { figures } from '../../../src/data/sprites/figures.ts'
import { colours, ink, jitter } from '../../../src/data/sprites/palette.ts'
import type { ModelInfo, NoiseRecipe } from '../../../web/src/backend/types.ts'

const side = 32
const drawn = new Map<string, Promise<ImageData>>()

/** A sprite's pixels, drawn once. */
function sprite(label: number, seed: number): Promise<ImageData> {
  const key = `${label} ${seed}`
  const known = drawn.get(key) ?? draw(label, seed)
  drawn.set(key, known)
  return known
}

async function draw(label: number, seed: number): Promise<ImageData> {
  const choices = draws(seed, label, 2)
  const figure = Object.values(figures)[label]!
  const hue = choices.pick(figure.hues)
  const shapes = figure.draw(jitter(choices, colours[hue]), choices, hue)
  const scenery = draws(seed, label, 0)
  const { back, front } = background(scenery.pick(figure.backgrounds), hue, scenery)
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="0 0 32 32">${back}<g stroke="${ink}" stroke-width="1.5" stroke-linejoin="round" transform="translate(16 16)">${shapes}</g>${front}</svg>`
  const image = new Image()
  image.src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }))
  await image.decode()
  const context = new OffscreenCanvas(side, side).getContext('2d')!
  context.drawImage(image, 0, 0)
  return context.getImageData(0, 0, side, side)
}

interface Look {
  model: ModelInfo
  softness: number
  data: number
}

/** The picture of a recipe: 32 x 32. */
export async function spritePixels(label: number, noise: NoiseRecipe, look: Look): Promise<ImageData> {
  const base = await sprite(label, noise.seed + 1000 * (noise.index ?? 0))
  const toward = noise.toward ? await sprite(label, noise.toward.seed) : base
  const others = await Promise.all((noise.groups ?? []).map(({ seed }) => sprite(label, seed)))
  const out = new ImageData(side, side)
  const amount = noise.toward?.amount ?? 0
  const grain = uniforms(noise.seed, label, 9, side * side)
  const rows = look.model.family === 'llamagen'
  for (let i = 0; i < side * side; i++) {
    const block = 8 * Math.floor(i / side / 4) + Math.floor((i % side) / 4)
    const isData = rows ? block < look.data * 64 : true
    for (let channel = 0; channel < 3; channel++) {
      const at = 4 * i + channel
      let value = base.data[at]! * (1 - amount) + toward.data[at]! * amount
      for (const [k, other] of others.entries()) {
        const { group } = noise.groups![k]!
        const share = rows ? (group === block ? 1 : 0) : 1 / look.model.groups.length
        value += (other.data[at]! - value) * share
      }
      const near = base.data[4 * ((i + 1) % (side * side)) + channel]!
      value += (near - value) * look.softness * 0.5
      const noisy = rows ? (isData ? 0 : 0.8) : 1 - look.data
      out.data[at] = value * (1 - noisy) + 255 * grain[i]! * noisy
    }
    out.data[4 * i + 3] = 255
  }
  return out
}
