// The shown images and their order: pure functions of the images and the filters.
import type { Verdict } from '../../../../src/review/events.ts'
import type { WireImage } from '../../../../src/review/wire.ts'

export type State = Verdict | 'open'

export interface Filters {
  /** '' is every model. */
  model: string
  /** "445 bikini"; '' is every class. */
  class: string
  state: State | 'all'
}

export const stateOf = (image: WireImage): State => image.verdict?.verdict ?? 'open'
export const classOf = (image: WireImage): string => `${image.class} ${image.className}`
export const sameGroup = (a: WireImage, b: WireImage): boolean => a.model === b.model && a.class === b.class

/** The images that pass the filters for model and class, and those of them that also pass the one for state. */
export function matching(images: readonly WireImage[], filters: Filters): { inScope: WireImage[]; shown: WireImage[] } {
  const inScope = images.filter(
    (image) =>
      (!filters.model || image.model === filters.model) && (!filters.class || classOf(image) === filters.class),
  )
  return { inScope, shown: inScope.filter((image) => filters.state === 'all' || stateOf(image) === filters.state) }
}

/** The image before (-1) or after (+1) the one at `path`, which may be filtered out by now. */
export function neighbour(
  images: readonly WireImage[],
  shown: readonly WireImage[],
  path: string,
  step: 1 | -1,
): WireImage | undefined {
  const order = new Map(images.map((image, i) => [image.path, i]))
  const here = order.get(path) ?? -1
  const place = (image: WireImage) => order.get(image.path)!
  return step === 1 ? shown.find((image) => place(image) > here) : shown.findLast((image) => place(image) < here)
}

/** The first image of the class before or after that of `path`. */
export function neighbourGroup(
  images: readonly WireImage[],
  shown: readonly WireImage[],
  path: string,
  step: 1 | -1,
): WireImage | undefined {
  const current = images.find((image) => image.path === path)
  if (!current) return shown[0]
  const others = shown.filter((image) => !sameGroup(image, current))
  const found = neighbour(images, others, path, step)
  return found && others.find((image) => sameGroup(image, found))
}

/**
 * Where to go after a verdict: the next image that is still open, from the start again at the end; among images that
 * a filter on verdicts shows, simply the next.
 */
export function following(
  images: readonly WireImage[],
  shown: readonly WireImage[],
  filters: Filters,
  path: string,
): WireImage | undefined {
  const judged = filters.state === 'accepted' || filters.state === 'flagged'
  const candidates = judged ? shown : shown.filter((image) => stateOf(image) === 'open')
  return neighbour(images, candidates, path, 1) ?? candidates.find((image) => image.path !== path)
}
