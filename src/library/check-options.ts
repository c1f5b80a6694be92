// Options as a program gives them, against the schema that says what they may be: a slip in a name is told from a missing feature,
// and a wrong value is named before anything is opened.

import * as v from 'valibot'
import { nearest, UsageError } from '../core/errors.ts'

type Schema = v.StrictObjectSchema<v.ObjectEntries, string | undefined>

/**
 * Nothing, when the options fit.
 * @param whose who takes them, for the error: 'load'
 * @throws UsageError that names the option, and the nearest known one when there is none of its name
 */
export function checkOptions(whose: string, schema: Schema, options: unknown): void {
  const parsed = v.safeParse(schema, Array.isArray(options) ? null : options)
  if (parsed.success) return
  const [issue] = parsed.issues
  const [first, ...rest] = issue.path ?? []
  if (first === undefined) throw new UsageError(`${whose} takes an object of options, got ${issue.received}.`)
  const name = String(first.key)
  const known = Object.keys(schema.entries)
  if (!known.includes(name)) {
    const near = nearest(name, known)
    throw new UsageError(`${whose} has no option "${name}".`, {
      remedy: near ? `Did you mean \`${near}\`?` : `It has ${known.join(', ')}.`,
    })
  }
  if (issue.expected === `"${name}"` && issue.received === 'undefined')
    throw new UsageError(`${whose} needs the option \`${name}\`.`)
  const place = rest.map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  const finding = issue.received === 'Object' || issue.received === 'Array' ? 'something else' : issue.received
  throw new UsageError(`\`${name}\`${place && ` (${name}${place})`} ${issue.message}, got ${finding}.`)
}

const whole = (low: number, message: string) =>
  v.pipe(
    v.number(message),
    v.check((value) => Number.isSafeInteger(value) && value >= low, message),
  )

export const wholeAbove0 = whole(1, 'must be a whole number above 0')
export const wholeNumber = whole(0, `must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`)
export const text = v.pipe(v.string('must be a string'), v.minLength(1, 'must be a string that is not empty'))
export const flag = v.boolean('must be true or false')
export const callback = v.function('must be a function')
export const signal = v.custom<AbortSignal>(
  (value) => typeof (value as AbortSignal | null)?.throwIfAborted === 'function',
  'must be an AbortSignal',
)

export const oneOfThese = <const T extends readonly string[]>(values: T) =>
  v.picklist(values, `must be one of ${values.join(', ')}`)
