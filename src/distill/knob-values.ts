// What a setting may be: numbers with bounds, whole numbers, one name of several, lists of numbers. A valibot schema
// carries the check and the words for it; the text of a command line becomes a value by the type of the default.
import * as v from 'valibot'

export type KnobValue = number | string | boolean | readonly number[]
export type KnobSchema<T extends KnobValue> = v.GenericSchema<T>

const numberThat = (message: string, fits: (value: number) => boolean) =>
  v.pipe(v.number(message), v.finite(message), v.check(fits, message))

/** Any finite number. */
export const anyNumber = numberThat('must be a number', () => true)
/** A number above 0. */
export const positive = numberThat('must be a number above 0', (value) => value > 0)
/** A number from `low` to `high`, both included. */
export const between = (low: number, high: number) =>
  numberThat(
    high === Number.POSITIVE_INFINITY ? `must be a number, ${low} or more` : `must be a number from ${low} to ${high}`,
    (value) => value >= low && value <= high,
  )
/** A whole number from `low` on, or from `low` to `high`. */
export const wholeNumber = (low = 0, high = Number.MAX_SAFE_INTEGER) =>
  numberThat(
    `must be a whole number, ${high === Number.MAX_SAFE_INTEGER ? `${low} or more` : `from ${low} to ${high}`}`,
    (value) => Number.isInteger(value) && value >= low && value <= high,
  )
/** One of some names. */
export const choice = <const T extends readonly string[]>(...names: T) =>
  v.picklist(names, `must be one of ${names.join(', ')}`)
/** A list of numbers, each as `item` has it. */
export const listOf = (item: KnobSchema<number>): KnobSchema<readonly number[]> =>
  v.pipe(v.array(item, 'must be a list of numbers'), v.readonly())

const yesOrNo = v.boolean('must be true or false')
const anyText = v.string('must be text')

/** The schema of a setting that has no other: all values of the default's type. */
export function schemaLike(value: KnobValue): KnobSchema<KnobValue> {
  if (typeof value === 'number') return anyNumber
  if (typeof value === 'boolean') return yesOrNo
  return typeof value === 'string' ? anyText : listOf(anyNumber)
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
/** A number is taken whole or not at all: "1x" stays text, which no schema of numbers accepts. */
const numberIn = (text: string): number | string => (decimal.test(text.trim()) ? Number(text) : text)

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
