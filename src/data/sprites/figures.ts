// The classes of the sprites in the order of their labels; a new one is a figure and a row.
import { cat, fish } from './animals.ts'
import type { Figure } from './figure.ts'
import { flower, mushroom, tree } from './plants.ts'
import { cup, house, key, star } from './things.ts'
import { boat, car, rocket } from './vehicles.ts'

export const figures: Readonly<Record<string, Figure>> = {
  fish,
  house,
  tree,
  boat,
  mushroom,
  cat,
  car,
  flower,
  rocket,
  cup,
  key,
  star,
}
