// Sprites of animals: a fish from the side and the face of a cat.
import type { Figure } from './figure.ts'
import { colours, darker, ink, lighter, white } from './palette.ts'
import { circle, ellipse, flat, line, path } from './shapes.ts'

export const fish: Figure = {
  hues: ['red', 'orange', 'yellow', 'green', 'violet', 'pink', 'blue'],
  backgrounds: ['water', 'water', 'water', 'plain', 'gradient'],
  lean: 8,
  mirrored: true,
  draw(main, draws) {
    const fin = draws.chance(0.5) ? darker(main, 0.22) : draws.pick([colours.yellow, colours.orange, white])
    const body = 'M-14,0 C-11,-9.5 -2,-12 4,-5.5 Q6.5,-2.5 8,-1 V1 Q6.5,2.5 4,5.5 C-2,12 -11,9.5 -14,0 Z'
    const markings = draws.pick([
      () => path('M-13.4,1.4 C-7,5 2,5 8,0 V1 Q6.5,2.5 4,5.5 C-2,12 -10.5,9.5 -13.4,1.4 Z', lighter(main, 0.5)),
      () => line('M-2.4,-8 Q-0.4,0 -2.4,8 M2.9,-5.6 Q4.6,0 2.9,5.6', white, 2.3),
      () =>
        path('M-14,0 C-11.8,-6.5 -8,-8.6 -4.6,-8.6 Q-1.6,0 -4.6,8.6 C-8,8.6 -11.8,6.5 -14,0 Z', lighter(main, 0.45)),
    ])()
    return [
      path('M6,0 Q10,-2 14,-8 Q15,0 14,8 Q10,2 6,0 Z', fin),
      path('M-6.5,-7 Q-3,-14.5 4.5,-12.5 Q2.8,-9 4,-5 Z', fin),
      path(body, main),
      flat(markings),
      path(body, 'none'),
      flat(path('M-2.5,1.2 Q2.5,0.4 4.6,3.4 Q1.2,6.8 -2.5,1.2 Z', darker(main, 0.25))),
      flat(circle(-8, -1.8, 2.9, white), circle(-8.4, -1.6, 1.7, ink)),
    ].join('')
  },
}

export const cat: Figure = {
  hues: ['orange', 'orange', 'grey', 'cream', 'brown'],
  backgrounds: ['plain', 'plain', 'gradient', 'disc'],
  lean: 8,
  mirrored: true,
  draw(main, draws) {
    const fur = draws.chance(0.2) ? '#5a5672' : main
    const eyes = draws.pick(['#8fd94f', '#ffd23f', '#6fd3f5'])
    const ears = 'M-12,2 C-13,-5 -12.5,-10 -11.5,-13.5 Q-6,-11 -3.5,-8.2 H3.5 Q6,-11 11.5,-13.5 C12.5,-10 13,-5 12,2 Z'
    const markings = draws.pick([
      () => line('M0,-8 V-4 M-3.8,-7.4 V-5 M3.8,-7.4 V-5', darker(fur, 0.35), 1.7),
      () => path('M0,-7 Q2.5,1 8,6.5 Q6,11.6 0,11.8 Q-6,11.6 -8,6.5 Q-2.5,1 0,-7 Z', lighter(fur, 0.72)),
      () => ellipse(0, 8, 6.5, 4, lighter(fur, 0.6)),
      () => path('M0.5,-8 H3.5 Q6,-11 11,-12.5 C12.5,-8 13.3,-2 12,2 Q9,4 5,3.6 Q0,0 0.5,-8 Z', darker(fur, 0.3)),
    ])()
    return [
      path(ears, fur),
      flat(path('M-10.4,-10.3 Q-7.4,-8.8 -6,-7 L-10.3,-3.5 Z M10.4,-10.3 Q7.4,-8.8 6,-7 L10.3,-3.5 Z', '#f7a1b5')),
      ellipse(0, 2.5, 13, 10, fur),
      flat(path('M-11,-1.5 Q-9,-6.5 -3.5,-8.4 H3.5 Q9,-6.5 11,-1.5 Z', fur), markings),
      flat(...[-5.3, 5.3].flatMap((x) => [ellipse(x, 1, 3.3, 3.4, ink), ellipse(x, 1, 2.7, 2.8, eyes)])),
      flat(ellipse(-5.1, 1, 1.1, 2.1, ink), ellipse(5.1, 1, 1.1, 2.1, ink)),
      flat(path('M-1.8,4.6 H1.8 L0,6.8 Z', '#f0708f')),
      line('M0,6.8 V7.6 M-3,8 Q-1.5,10 0,7.8 Q1.5,10 3,8', ink, 1.1),
      line('M-8,6 L-14.5,4.8 M-8,8 L-14,9.2 M8,6 L14.5,4.8 M8,8 L14,9.2', ink, 0.9),
    ].join('')
  },
}
