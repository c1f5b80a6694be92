// The background of a sprite, and the water in front of it: a flat colour or one soft vertical gradient, never a texture.
import type { Draws } from './draws.ts'
import { colours, type Hue, jitter, lighter, mix, pastels } from './palette.ts'
import { circle, flat, path, rect } from './shapes.ts'

export type Background = 'plain' | 'gradient' | 'disc' | 'meadow' | 'road' | 'sea' | 'water' | 'night' | 'dusk'

export interface Scene {
  back: string
  front: string
}

type Draw = (draws: Draws, tint: { pastel: string; deep: string }) => { back: string; front?: string }

const skies = ['#aedcf7', '#bfe6f2', '#fbdcc4', '#d5d3f7']

const all = (fill: string) => rect(-1, -1, 34, 34, fill)

function gradient(top: string, bottom: string): string {
  const stops = `<stop stop-color="${top}"/><stop offset="1" stop-color="${bottom}"/>`
  return `<linearGradient id="b" x2="0" y2="1">${stops}</linearGradient>${all('url(#b)')}`
}

const hill = (y: number, fill: string) => path(`M-1,${y + 1.5} Q16,${y - 2} 33,${y + 1.5} V33 H-1 Z`, fill)

const backgrounds: Record<Background, Draw> = {
  plain: (_, { pastel }) => ({ back: all(pastel) }),
  gradient: (_, { pastel, deep }) => ({ back: gradient(lighter(pastel, 0.6), deep) }),
  disc: (_, { pastel }) => ({ back: all(pastel) + circle(16, 16, 14.5, lighter(pastel, 0.6)) }),
  meadow(draws) {
    const sky = draws.pick(skies)
    const grass = jitter(draws, draws.pick(['#8fd07c', '#a5d86e', '#7cc79a']))
    return { back: gradient(sky, lighter(sky, 0.55)) + hill(draws.between(23, 25), grass) }
  },
  road(draws) {
    const sky = draws.pick(skies)
    const ground = draws.pick(['#8f93ab', '#e3c08f', '#8fd07c'])
    return { back: gradient(sky, lighter(sky, 0.55)) + rect(-1, draws.between(23, 25), 34, 12, ground) }
  },
  sea(draws) {
    const sky = draws.pick(skies)
    const sea = jitter(draws, draws.pick(['#3f9fdc', '#36b3c4', '#5b86e0']))
    const y = draws.between(26, 27)
    const waves = `M-2,${y} q3,-2.4 6,0 t6,0 t6,0 t6,0 t6,0 t6,0 V34 H-2 Z`
    return {
      back: gradient(sky, lighter(sky, 0.6)) + rect(-1, y - 5, 34, 14, lighter(sea, 0.28)),
      front: path(waves, sea),
    }
  },
  water(draws) {
    const water = jitter(draws, draws.pick(['#8bd3f2', '#8fe0dc', '#a9c4f7']))
    const sand = draws.chance(0.5) ? hill(28, '#f5dfab') : ''
    return { back: gradient(lighter(water, 0.45), mix(water, '#3a6fd0', 0.22)) + sand }
  },
  night: (draws) => {
    const [top, bottom] = draws.pick([
      ['#1f2557', '#4a4a9a'],
      ['#2c2058', '#6b4a9c'],
      ['#15365c', '#2f6f94'],
    ] as const)
    return { back: gradient(top, bottom) }
  },
  dusk: () => ({ back: gradient('#8d86dd', '#fdc7ae') }),
}

/** A background of that kind; its pastel is of another hue than `main`, the figure's colour. */
export function background(kind: Background, main: Hue, draws: Draws): Scene {
  const others = (Object.keys(pastels) as Hue[]).filter((hue) => hue !== main)
  const hue = draws.pick(others)
  const pastel = lighter(pastels[hue]!, draws.between(0, 0.25))
  const { back, front = '' } = backgrounds[kind](draws, { pastel, deep: mix(pastel, colours[hue], 0.28) })
  return { back: flat(back), front: front && flat(front) }
}
