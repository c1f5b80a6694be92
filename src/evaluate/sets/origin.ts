// The origin of a folder's images, from the settings of all of them: values that agree, values that differ, and how many images
// have none. One image never stands for the others.

import { rounding } from '../../images/rgb.ts'
import type { Settings } from '../../images/xmp.ts'
import { type Origin, unknownOrigin } from './set.ts'

type Scalar = Origin['sampling'][string]

/** Settings of a sampler nest twice; an image from elsewhere may hold anything. */
const maxDepth = 4
const maxFacts = 64
const maxText = 200
/** Most values that are listed for one setting. */
const told = 4

export interface OriginCounter {
  /** The settings of one image; undefined when it has none. */
  add(settings: Settings | undefined): void
  /** Of all images so far. */
  origin(): Origin
}

interface Fact {
  /** The first values and how many images have each. */
  readonly values: Map<Scalar, number>
  /** Images with another value than those. */
  others: number
}

/**
 * Counts the settings of images.
 * @example
 * const counter = originCounter()
 * for (const seed of [1, 2]) counter.add({ model: 'var-d16', seed })
 * counter.origin().sampling // { model: 'var-d16', seed: 'mixed: 1, 2' }
 */
export function originCounter(): OriginCounter {
  const facts = new Map<string, Fact>()
  let known = 0
  let total = 0
  return {
    add(settings) {
      total++
      if (!settings) return
      known++
      for (const [key, value] of factsOf(settings)) {
        const fact = facts.get(key) ?? { values: new Map(), others: 0 }
        if (!facts.has(key) && facts.size === maxFacts) continue
        facts.set(key, fact)
        if (fact.values.has(value) || fact.values.size < told) fact.values.set(value, (fact.values.get(value) ?? 0) + 1)
        else fact.others++
      }
    },
    origin() {
      if (!known) return unknownOrigin
      const sampling = Object.fromEntries([...facts].map(([key, fact]) => [key, inWords(fact, known)]))
      if (known === total) return { labels: byTheFiles, sampling, rounding }
      const unknown = `unknown for ${total - known} of ${total} images`
      return { labels: unknown, sampling: { ...sampling, recorded: `${known} of ${total} images` }, rounding: unknown }
    },
  }
}

const byTheFiles = 'as the files say (not a labelled protocol)'
const mixed = 'mixed: '

/** One value, or the first of several. */
function inWords({ values, others }: Fact, known: number): Scalar {
  const having = [...values.values()].reduce((sum, count) => sum + count, others)
  const shown = [...values.keys(), ...(having < known ? ['not recorded'] : [])]
  return shown.length === 1 && !others ? shown[0]! : `${mixed}${shown.join(', ')}${others ? ' and others' : ''}`
}

/**
 * What keeps a set from being of one origin, in words; undefined when nothing does, or nothing is known.
 * @example
 * mixture({ labels: 'unknown', sampling: { seed: 'mixed: 1, 2' }, rounding: 'unknown' }) // 'seed is mixed: 1, 2'
 */
export function mixture({ labels, sampling }: Origin): string | undefined {
  const differing = Object.entries(sampling).filter(([, value]) => typeof value === 'string' && value.startsWith(mixed))
  const said = differing.map(([key, value]) => `${key} is ${value}`)
  if (/^unknown for/.test(labels)) said.unshift(`the origin is ${labels}`)
  return said.length ? said.join('; ') : undefined
}

/** Nested settings as one list: { plan: { kind } } becomes plan.kind; lists become text. */
function factsOf({ model, seed, rng, plan, dtype, ema }: Settings): [string, Scalar][] {
  const flat = (value: object, prefix: string, depth: number): [string, Scalar][] =>
    Object.entries(value).flatMap(([key, entry]): [string, Scalar][] => {
      const name = `${prefix}${key}`
      if (entry === undefined) return []
      if (typeof entry === 'object' && entry !== null && !Array.isArray(entry))
        return depth < maxDepth ? flat(entry, `${name}.`, depth + 1) : []
      return [[name, scalar(entry)]]
    })
  return flat({ model, seed, rng, dtype, ema, plan }, '', 1)
    .slice(0, maxFacts)
    .map(([name, value]) => [name.slice(0, maxText), value])
}

const scalar = (value: unknown): Scalar => {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  return String(Array.isArray(value) ? value.flat(2).slice(0, maxFacts) : value).slice(0, maxText)
}
