// Schemas of single values with their bounds, their unit and a description. A flag, a request and a document can each be made from
// them, so that a value is described once.

import * as v from 'valibot'

/** What a schema of this file says beside its check. */
export interface ValueFacts {
  kind: 'whole' | 'decimal' | 'choice' | 'list'
  /** What a value counts or names: 'tokens', 'group'. */
  unit: string
  low?: number
  high?: number
}

/**
 * A whole number from `low` to `high`.
 * @example
 * const split = whole(0, 4096, 'group', 'groups before it become codebook entries')
 */
// @__NO_SIDE_EFFECTS__
export function whole(low: number, high: number, unit: string, description: string) {
  const range = `must be a whole number from ${low} to ${high}`
  return v.pipe(
    v.number(range),
    v.integer(range),
    v.minValue(low, range),
    v.maxValue(high, range),
    v.description(description),
    v.metadata({ kind: 'whole', unit, low, high } satisfies ValueFacts),
  )
}

/** A number from `low` to `high`. */
// @__NO_SIDE_EFFECTS__
export function decimal(low: number, high: number, unit: string, description: string) {
  const range = `must be a number from ${low} to ${high}`
  return v.pipe(
    v.number(range),
    v.minValue(low, range),
    v.maxValue(high, range),
    v.description(description),
    v.metadata({ kind: 'decimal', unit, low, high } satisfies ValueFacts),
  )
}

/** One of a few words. */
// @__NO_SIDE_EFFECTS__
export function choice<const T extends readonly string[]>(values: T, unit: string, description: string) {
  return v.pipe(
    v.picklist(values, `must be one of ${values.join(', ')}`),
    v.description(description),
    v.metadata({ kind: 'choice', unit } satisfies ValueFacts),
  )
}

/** True or false. */
// @__NO_SIDE_EFFECTS__
export function flag(description: string) {
  return v.pipe(v.boolean('must be true or false'), v.description(description))
}

/** From one to `longest` whole numbers from `low` to `high`. */
// @__NO_SIDE_EFFECTS__
export function wholeList(low: number, high: number, longest: number, unit: string, description: string) {
  const size = `must be a list of 1 to ${longest}`
  return v.pipe(
    v.array(whole(low, high, unit, description), size),
    v.minLength(1, size),
    v.maxLength(longest, size),
    v.readonly(),
    v.description(description),
    v.metadata({ kind: 'list', unit: 'list', low, high } satisfies ValueFacts),
  )
}

/** What a schema of this file says beside its check; undefined for `flag`. */
export function valueFacts(schema: v.GenericSchema): ValueFacts | undefined {
  const { kind } = v.getMetadata(schema as Parameters<typeof v.getMetadata>[0]) as Partial<ValueFacts>
  return kind && (v.getMetadata(schema as Parameters<typeof v.getMetadata>[0]) as unknown as ValueFacts)
}
