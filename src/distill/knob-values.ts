// Schemas of settings: numbers with bounds, whole numbers, one name of several, lists of numbers. A valibot schema
// carries the check and the words for it; the text of a command line becomes a value by the type of the default.
import * as v from 'valibot'
import { isDecimal } from '../core/decimal.ts'

export type KnobValue = number | string | boolean | readonly number[]
export type KnobSchema<T extends KnobValue> = v.GenericSchema<T>

/** Numbers below the range get one message, numbers above it another one that says what sets the limit. */
const numberThat = (message: string, fits: (value: number) => boolean, high: number, why: string | undefined) =>
  v.pipe(
    v.number(message),
    v.finite(message),
    v.check(fits, message),
    v.check((value) => value <= high, `must be at most ${high}${why === undefined ? '' : ` (${why})`}`),
  )

/** Any finite number. */
export const anyNumber = numberThat('must be a number', () => true, Number.POSITIVE_INFINITY, undefined)
/** A number above 0; `why` says what sets the limit. */
export const positive = (high: number, why: string) =>
  numberThat('must be a number above 0', (value) => value > 0, high, why)
/** A number from `low` to `high`, both included. */
export const between = (low: number, high: number, why?: string) =>
  numberThat(
    `must be a number from ${low} to ${high}${why === undefined ? '' : ` (${why})`}`,
    (value) => value >= low && value <= high,
    high,
    why,
  )
/** A whole number from `low` on, at most `high`; `why` says what sets the limit. */
export const wholeNumber = (low: number, high: number, why: string) =>
  numberThat(`must be a whole number, ${low} or more`, (value) => Number.isInteger(value) && value >= low, high, why)
/** One of some names. */
export const choice = <const T extends readonly string[]>(...names: T) =>
  v.picklist(names, `must be one of ${names.join(', ')}`)
/** A list of numbers, each as `item` has it. */
export const listOf = (
  item: KnobSchema<number>,
  { from = 0, to, why }: { from?: number; to: number; why: string },
): KnobSchema<readonly number[]> => {
  const size = from === to ? `${from}` : `${from} to ${to}`
  const message = `must be a list of ${size} numbers (${why})`
  return v.pipe(
    v.array(item, 'must be a list of numbers'),
    v.minLength(from, message),
    v.maxLength(to, message),
    v.readonly(),
  )
}

const yesOrNo = v.boolean('must be true or false')
const anyText = v.string('must be text')

/** The schema of a setting that has no other: all values of the default's type. */
export function schemaLike(value: KnobValue): KnobSchema<KnobValue> {
  if (typeof value === 'number') return anyNumber
  if (typeof value === 'boolean') return yesOrNo
  return typeof value === 'string' ? anyText : v.pipe(v.array(anyNumber, 'must be a list of numbers'), v.readonly())
}

/** Text that is not a number as a whole stays text ("1x"), which no schema of numbers accepts. */
const numberIn = (text: string): number | string => (isDecimal(text.trim()) ? Number(text) : text)

/** What a command line's text means where `like` is the default; unchecked. */
export function valueIn(text: string, like: KnobValue): unknown {
  if (typeof like === 'number') return numberIn(text)
  return typeof like === 'string' ? text : text.split(',').map(numberIn)
}

/** The word for a value in a command's help: <number>, <list>, <name>. */
export function placeholder(like: KnobValue): string {
  if (typeof like === 'number') return '<number>'
  return typeof like === 'string' ? '<name>' : '<list>'
}

/** A value as people read it: "0.9, 0.95". */
export const shown = (value: KnobValue): string => (Array.isArray(value) ? value.join(', ') : String(value))
