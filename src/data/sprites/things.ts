// Sprites of things around us: a house, a cup, a key, a star.
import type { Figure } from './figure.ts'
import { colours, darker, ink, lighter, white } from './palette.ts'
import { around, circle, ellipse, flat, joined, line, path, rect } from './shapes.ts'

export const house: Figure = {
  hues: ['red', 'orange', 'teal', 'blue', 'violet', 'brown'],
  backgrounds: ['meadow', 'meadow', 'plain', 'gradient', 'dusk'],
  lean: 3,
  mirrored: true,
  draw(main, draws) {
    const wall = draws.pick(['#fff1d8', '#fde0a6', '#ffd9c9', '#e8ecf8'])
    const door = draws.pick([colours.brown, colours.teal, darker(main, 0.3)])
    const pane = draws.pick(['#ffe27a', '#9fdcf7'])
    const front = draws.chance(0.5)
      ? [rect(-2.8, 4.5, 5.6, 8.5, door), circle(0, -2.6, 2.4, pane)]
      : [rect(-6.5, 4, 5.4, 9, door), rect(2, 4, 5.4, 5, pane)]
    const chimney = draws.chance(0.6) ? rect(5, -13, 4.4, 9, darker(main, 0.25)) : ''
    return [
      chimney,
      rect(-10, -2, 20, 15, wall),
      path('M0,-14 L14.2,0.2 Q14.5,1.8 13,1.8 H-13 Q-14.5,1.8 -14.2,0.2 Z', main),
      ...front,
    ].join('')
  },
}

export const cup: Figure = {
  hues: ['red', 'orange', 'yellow', 'teal', 'sky', 'blue', 'violet', 'pink', 'cream'],
  backgrounds: ['plain', 'plain', 'gradient', 'disc'],
  lean: 5,
  mirrored: true,
  draw(main, draws, hue) {
    const drink = draws.pick(['#8a5a48', '#c98a4b', '#b5d96b'])
    const accent = hue === 'cream' ? colours.red : draws.chance(0.6) ? white : darker(main, 0.28)
    const handle = 'M7,0 H9.5 Q12.5,0 12.5,4 Q12.5,9 7,9'
    const pattern = draws.pick([
      () => rect(-11.3, 2.8, 18.6, 3.6, accent),
      () => circle(-2, 5.2, 3.2, accent),
      () => path('M-2,9.4 C-9.5,4 -5.5,-0.6 -2,2.8 C1.5,-0.6 5.5,4 -2,9.4 Z', accent),
      () => '',
    ])()
    const steam = draws.chance(0.6)
      ? line('M-5.5,-8.2 q-2,-1.6 0,-3.2 t0,-3.2 M1.5,-8.2 q-2,-1.6 0,-3.2 t0,-3.2', white, 1.9)
      : ''
    return [
      steam,
      line(handle, ink, 5),
      line(handle, main, 2),
      path('M-12,-4.5 H8 V9 Q8,14 3,14 H-7 Q-12,14 -12,9 Z', main),
      flat(pattern),
      ellipse(-2, -4.5, 10, 2.9, lighter(main, 0.45)),
      flat(ellipse(-2, -4.2, 8, 1.9, drink)),
    ].join('')
  },
}

export const key: Figure = {
  hues: ['yellow', 'yellow', 'orange', 'grey', 'sky', 'pink', 'teal'],
  backgrounds: ['plain', 'plain', 'gradient', 'disc', 'dusk'],
  lean: 8,
  mirrored: true,
  draw(main, draws) {
    const bow = draws.pick([
      [circle(-9.5, 0, 6.8, main)],
      [circle(-13, 0, 4.2, main), circle(-8.5, -4, 4.2, main), circle(-8.5, 4, 4.2, main), circle(-9, 0, 4, main)],
      [path('M-9.5,-7.5 L-2,0 L-9.5,7.5 L-17,0 Z', main)],
    ])
    const bit = draws.pick(['M5.5,0 H9 V6.5 H5.5 Z M11,0 H14.8 V6.5 H11 Z', 'M7,0 H14.8 V7 H11.8 V4.6 H10 V7 H7 Z'])
    const parts = [
      joined(ink, ...bow, rect(-6, -2, 21, 4, main, 1), path(bit, main)),
      flat(rect(-3, -2, 17.5, 1.5, lighter(main, 0.4))),
      circle(-9.5, 0, 2.5, lighter(main, 0.75)),
    ]
    return `<g transform="rotate(-45)">${parts.join('')}</g>`
  },
}

export const star: Figure = {
  hues: ['yellow', 'yellow', 'yellow', 'orange', 'pink', 'sky', 'teal'],
  backgrounds: ['night', 'night', 'dusk', 'plain', 'gradient'],
  lean: 8,
  mirrored: false,
  draw(main, draws) {
    const outer = around(5, 0, 1, 14)
    const inner = around(10, 0, 1, 6.8).filter((_, i) => i % 2)
    const points = outer.flatMap((point, i) => [point, inner[i]!])
    const outline = (d: readonly (readonly number[])[]) =>
      `M${d.map(([x, y]) => `${x!.toFixed(2)},${y!.toFixed(2)}`).join(' L')} Z`
    const body = joined(ink, `<g stroke-width="4.6">${path(outline(points), main)}</g>`)
    const soft = `<g stroke="${main}" stroke-width="1.8">${path(outline(points), main)}</g>`
    const kind = draws.pick(['plain', 'facets', 'face', 'face'] as const)
    const facets = outer.map(([x, y], i) =>
      path(`M0,1 L${x},${y} L${inner[i]![0]},${inner[i]![1]} Z`, darker(main, 0.16)),
    )
    const face = [ellipse(-3.3, 0, 1.3, 1.9, ink), ellipse(3.3, 0, 1.3, 1.9, ink)]
    const smile = line('M-2.4,3.8 Q0,6.2 2.4,3.8', ink, 1.3)
    return body + soft + { plain: '', facets: flat(...facets), face: flat(...face) + smile }[kind]
  },
}
