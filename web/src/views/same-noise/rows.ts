// The rows of the comparison: each is a class and a noise. The noises are consecutive images of one seed, as in its runs.

import { type ImageAsk, type ModelInfo, mostImages } from '../../backend/types.ts'
import { indexSetting, type Settings, wholeSetting } from '../../router.ts'

export const mostClasses = 6
export const mostNoises = 3

export interface Rows {
  classes: number[]
  seed: number
  /** Of the first noise in its seed's run. */
  index: number
  noises: number
}

/** The class ids of a list in an address, without duplicates and unknown ids. */
export function readClasses(text: string | undefined, classes: number, most: number): number[] {
  const ids = (text ?? '').split(',').filter((part) => /^\d+$/.test(part))
  return [...new Set(ids.map(Number))].filter((id) => id < classes).slice(0, most)
}

/** `count` classes at even distances among all classes. */
export function spread(classes: number, count: number): number[] {
  const many = Math.min(classes, count)
  return Array.from({ length: many }, (_, i) => Math.floor(((i + 0.5) * classes) / many))
}

/** A class in the link from another view is shown with three noises; without one, two classes with two noises each. */
export function readRows(settings: Settings, model: ModelInfo): Rows {
  const listed = readClasses(settings.classes, model.classes, mostClasses)
  const single = readClasses(settings.class, model.classes, 1)
  const classes = listed.length > 0 ? listed : single.length > 0 ? single : spread(model.classes, 2)
  const usual = listed.length === 0 && single.length > 0 ? mostNoises : 2
  const noises = wholeSetting(settings.noises, usual, 1, mostNoises)
  return { classes, seed: wholeSetting(settings.seed, 7), index: indexSetting(settings), noises }
}

/** The requests, class after class, each within the limit of one request. */
export function asksOf({ classes, seed, index: first, noises }: Rows): ImageAsk[] {
  const asks = classes.flatMap((label) =>
    Array.from({ length: noises }, (_, i) => {
      const index = first + i
      return { class: label, noise: index === 0 ? { seed } : { seed, index } }
    }),
  )
  return asks.slice(0, mostImages)
}
