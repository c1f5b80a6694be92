// Sprites of vehicles: a sailing boat, a car from the side, a rocket.
import type { Figure } from './figure.ts'
import { colours, darker, ink, lighter, white } from './palette.ts'
import { circle, flat, line, path, rect } from './shapes.ts'

export const boat: Figure = {
  hues: ['red', 'orange', 'yellow', 'violet', 'pink', 'brown'],
  backgrounds: ['sea'],
  lean: 5,
  mirrored: true,
  draw(main, draws) {
    const sail = draws.pick([white, white, colours.yellow, colours.pink, colours.red])
    const jib = draws.chance(0.5) ? sail : lighter(main, 0.45)
    const hull = 'M-14.5,3 H14.5 Q13,10 9,12 H-8.5 Q-12.5,10 -14.5,3 Z'
    return [
      line('M-1,-14.5 V3', ink, 1.9),
      path('M1.2,-14 Q11.5,-8 12.5,0.3 H1.2 Z', sail),
      draws.chance(0.75) ? path('M-3.2,-11 Q-10,-6 -12,0.3 H-3.2 Z', jib) : path('M-1,-14.5 L-8,-11.5 L-1,-8.5 Z', jib),
      path(hull, main),
      flat(path('M-13.6,3.8 H13.6 L13,5.9 H-13 Z', draws.chance(0.5) ? white : lighter(main, 0.35))),
    ].join('')
  },
}

export const car: Figure = {
  hues: ['red', 'orange', 'yellow', 'green', 'teal', 'blue', 'violet', 'pink'],
  backgrounds: ['road', 'road', 'plain', 'gradient'],
  lean: 3,
  mirrored: true,
  draw(main, draws) {
    const glass = draws.pick(['#d4f1fc', '#bfe3f7'])
    const { body, panes } = draws.pick([
      {
        body: 'M-14,7 V1.5 Q-14,-0.8 -11.5,-1 L-9,-1.2 Q-7,-9 -1,-9 Q5.5,-9 8,-1.2 Q14.5,-0.6 14.5,4 V7 Q14.5,8.5 13,8.5 H-12.5 Q-14,8.5 -14,7 Z',
        panes: 'M-6.8,-1 Q-5.6,-6.6 -1.9,-6.6 V-1 Z M0.1,-6.6 Q4,-6.4 5.6,-1 H0.1 Z',
      },
      {
        body: 'M-14,7 V-7 Q-14,-9.5 -11.5,-9.5 H3 Q5.5,-9.5 7,-7 L10,-1.2 L13,-0.4 Q14.5,0.2 14.5,2 V7 Q14.5,8.5 13,8.5 H-12.5 Q-14,8.5 -14,7 Z',
        panes: 'M-11.6,-7 H-5 V-1 H-11.6 Z M-3,-7 H3 Q4.2,-7 5,-5.4 L7.2,-1 H-3 Z',
      },
    ])
    const stripe = draws.chance(0.5) ? darker(main, 0.2) : white
    const wheel = (x: number) => circle(x, 8.5, 3.7, ink) + flat(circle(x, 8.5, 1.9, '#e4e6ee'))
    return [
      path(body, main),
      flat(path(panes, glass), rect(-13.3, 3, 27, 2, stripe), circle(12.8, 2.8, 1.6, '#ffe680')),
      wheel(-7.2),
      wheel(7.8),
    ].join('')
  },
}

export const rocket: Figure = {
  hues: ['red', 'orange', 'teal', 'sky', 'violet', 'pink'],
  backgrounds: ['night', 'night', 'night', 'dusk', 'gradient'],
  lean: 8,
  mirrored: true,
  draw(main, draws) {
    const hull = draws.chance(0.75) ? '#f6f3fa' : lighter(main, 0.6)
    const body = 'M0,-15.5 C6.5,-10 7,-1 5,7.5 H-5 C-7,-1 -6.5,-10 0,-15.5 Z'
    const flame = draws.between(14, 17)
    const parts = [
      path(`M-3.6,8 Q-4,12 0,${flame} Q4,12 3.6,8 Z`, '#ff8a3c'),
      flat(path(`M-1.7,8 Q-2,11 0,${flame - 2.6} Q2,11 1.7,8 Z`, '#ffe066')),
      path('M-5.4,0.5 Q-11.5,4.5 -10.5,11 Q-8,8.5 -4.6,7.8 Z M5.4,0.5 Q11.5,4.5 10.5,11 Q8,8.5 4.6,7.8 Z', main),
      path(body, hull),
      path('M0,-15.5 C3.2,-12.8 4.9,-9.6 5.5,-7.2 H-5.5 C-4.9,-9.6 -3.2,-12.8 0,-15.5 Z', main),
      circle(0, -1.8, 3, draws.pick(['#6fd0f5', '#ffd75e'])),
      draws.chance(0.5) ? flat(rect(-5, 4.2, 10, 2, main)) : '',
    ]
    return `<g transform="rotate(28)">${parts.join('')}</g>`
  },
}
