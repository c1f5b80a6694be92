// Sprites of plants and mushrooms: trees round and pointed, flowers open and closed, mushrooms.
import type { Figure } from './figure.ts'
import { colours, darker, ink, lighter, white } from './palette.ts'
import { around, circle, ellipse, flat, joined, line, path, rect } from './shapes.ts'

export const tree: Figure = {
  hues: ['green', 'green', 'teal', 'orange', 'yellow', 'pink'],
  backgrounds: ['meadow', 'meadow', 'plain', 'gradient', 'dusk'],
  lean: 4,
  mirrored: true,
  draw(main, draws, hue) {
    const trunk = path('M-2.2,3 H2.2 L3.2,14 H-3.2 Z', draws.pick([colours.brown, '#8a5a48']))
    const light = lighter(main, 0.3)
    return draws.pick([round, round, pointed])()

    function round(): string {
      const fruit = draws.chance(0.4) ? draws.pick([colours.red, white]) : main
      const crown = [circle(-5.5, -0.5, 6.3, main), circle(5.5, -0.5, 6.3, main), circle(0, -6.5, 7.3, main)]
      const fruits = [circle(-5.5, 0.5, 1.9, fruit), circle(5, 1.6, 1.9, fruit), circle(2, -6.5, 1.9, fruit)]
      return [trunk, joined(ink, ...crown), flat(ellipse(-3.2, -8, 3.4, 3.2, light), ...fruits)].join('')
    }

    function pointed(): string {
      const leaf = hue === 'pink' || hue === 'orange' ? colours.teal : main
      const tiers = ['M0,-14.5 L7,-6 H-7 Z', 'M0,-9 L9,0.5 H-9 Z', 'M0,-3.5 L11,7.5 H-11 Z'].map((d) => path(d, leaf))
      const shade = ['M0,-14.5 L7,-6 H0 Z', 'M0,-6 H4 L9,0.5 H0 Z', 'M0,0.5 H6 L11,7.5 H0 Z']
      return [trunk, joined(ink, ...tiers), flat(...shade.map((d) => path(d, darker(leaf, 0.2))))].join('')
    }
  },
}

export const flower: Figure = {
  hues: ['red', 'orange', 'yellow', 'sky', 'violet', 'pink', 'cream'],
  backgrounds: ['meadow', 'plain', 'plain', 'gradient', 'dusk'],
  lean: 8,
  mirrored: true,
  draw(main, draws, hue) {
    const green = draws.pick(['#4fae5c', '#3f9f76'])
    const leaf = (side: number, y: number) =>
      path(`M0,${y} Q${4 * side},${y - 6} ${9 * side},${y - 4.5} Q${8 * side},${y + 1} 0,${y} Z`, green)
    const stem = line('M0,-2 V14.5', ink, 4) + line('M0,-2 V14', green, 1.8)
    const leaves = leaf(1, 11.5) + (draws.chance(0.6) ? leaf(-1, 13) : '')
    const centre = hue === 'yellow' ? '#8a5a48' : draws.pick([colours.yellow, '#8a5a48'])
    if (draws.chance(0.25)) {
      const side = path('M-8,-11.5 Q-3.5,-9 0,-5 Q3.5,-9 8,-11.5 C10,-3 6,3 0,3 C-6,3 -10,-3 -8,-11.5 Z', main)
      return (
        leaves +
        stem +
        side +
        path('M0,-13.5 Q5,-8 4,-2.5 Q2.5,2.8 0,3 Q-2.5,2.8 -4,-2.5 Q-5,-8 0,-13.5 Z', lighter(main, 0.25))
      )
    }
    const [count, r] = draws.pick([
      [5, 4.7],
      [6, 4.2],
      [8, 3.5],
    ] as const)
    const petals = around(count, 0, -4.8, 6.3).map(([x, y]) => circle(x, y, r, main))
    return [leaves, stem, ...petals, flat(circle(0, -4.8, 5, main)), circle(0, -4.8, 3.8, centre)].join('')
  },
}

export const mushroom: Figure = {
  hues: ['red', 'red', 'orange', 'brown', 'violet', 'pink', 'sky'],
  backgrounds: ['meadow', 'meadow', 'plain', 'gradient', 'disc'],
  lean: 6,
  mirrored: true,
  draw(main, draws) {
    const width = draws.between(3.6, 5)
    const cap = 'M-13.5,1.5 C-13.5,-8 -7.5,-13 0,-13 S13.5,-8 13.5,1.5 Q13.5,3.5 11,3.5 H-11 Q-13.5,3.5 -13.5,1.5 Z'
    const spot = draws.chance(0.8) ? white : lighter(main, 0.4)
    const spots = draws.pick([
      [circle(0, -7, 2.9, spot), circle(-8, -1.5, 2.3, spot), circle(7.5, -2, 2.5, spot)],
      [circle(-4.5, -6.5, 3, spot), circle(6, -5.5, 2.4, spot), circle(0.8, 0, 2, spot)],
    ])
    return [
      path(
        `M-${width},2 C-${width},7 -${width + 1.5},10 -${width + 1.2},13 Q0,15 ${width + 1.2},13 C${width + 1.5},10 ${width},7 ${width},2 Z`,
        '#fff1d8',
      ),
      flat(rect(-width + 0.7, 3.5, 2 * width - 1.4, 2.4, '#e6c9a8')),
      path(cap, main),
      flat(...spots),
    ].join('')
  },
}
