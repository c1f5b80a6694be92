// A run's settings, each declared once with default, unit, provenance and schema. The checked config file, the command line's
// flags and the report's rows are generated from this table.
import * as v from 'valibot'
import { nearest, UsageError } from '../core/errors.ts'
import { quote, show } from '../core/show.ts'
import { readText } from '../files/read.ts'
import { type KnobSchema, type KnobValue, placeholder, schemaLike, shown, valueIn } from './knob-values.ts'

export type Provenance = 'paper' | 'upstream code' | 'ours'

export interface KnobOptions {
  provenance: Provenance
  /** What the number counts: "steps", "images"; left out for plain numbers. */
  unit?: string
  /** What it does, or where exactly the default stands. */
  note: string
}

export interface Knob<T extends KnobValue> extends KnobOptions {
  default: T
  schema: KnobSchema<T>
}

type Table = Readonly<Record<string, Knob<KnobValue>>>
type Values<T extends Table> = { [K in keyof T]: T[K]['default'] }

/** What `config.resolve` gives, e.g. `Resolved<typeof config>`. */
export type Resolved<C extends { defaults: unknown }> = C['defaults']

/** A setting as the report shows it. */
export interface KnobRow extends KnobOptions {
  name: string
  value: string
  /** The default; provenance and note are about it. */
  standard: string
  /** Whether the value is another than the default. */
  changed: boolean
}

/** A setting as a command line takes it; a boolean has two, `--name` and then `--no-name`. */
export interface KnobFlag {
  /** In commander's notation: "--learning-rate <number>". */
  flags: string
  description: string
  /** Text to checked value, or a UsageError; booleans have none. */
  parse?: (text: string) => KnobValue
  /** True for that flag of a boolean which is the default. */
  hidden: boolean
}

/**
 * A setting. `schema` narrows what it may be (`knob-values.ts` has the usual ones); by default it is the default's type.
 * @example
 * knob('linear', { provenance: 'paper', note: 'section 4.2, decay of the learning rate' }).default // 'linear'
 */
export function knob(value: number, options: KnobOptions & { schema?: KnobSchema<number> }): Knob<number>
export function knob(value: boolean, options: KnobOptions): Knob<boolean>
export function knob<T extends string>(value: NoInfer<T>, options: KnobOptions & { schema: KnobSchema<T> }): Knob<T>
export function knob(value: string, options: KnobOptions): Knob<string>
export function knob(
  value: readonly number[],
  options: KnobOptions & { schema?: KnobSchema<readonly number[]> },
): Knob<readonly number[]>
export function knob<T extends KnobValue>(
  value: T,
  options: KnobOptions & { schema?: KnobSchema<T> },
): Knob<KnobValue> {
  return { default: value, schema: schemaLike(value), ...options }
}

/**
 * Settings that belong together.
 * @example
 * const config = knobs({ steps: knob(1000, { unit: 'steps', provenance: 'ours', note: 'length of the run' }) })
 * const { steps } = await config.resolve({ file: { steps: 500 }, overrides: { steps: 20 } })
 * steps // 20
 */
export function knobs<const T extends Table>(table: T) {
  const entries = Object.entries(table)
  const defaults = Object.fromEntries(entries.map(([name, { default: value }]) => [name, value])) as Values<T>

  /** Throws a UsageError that begins with `place` unless all of `given` are settings with possible values. */
  function checked(place: string, given: Readonly<Record<string, unknown>>): Partial<Values<T>> {
    const values = Object.entries(given).filter(([, value]) => value !== undefined)
    return Object.fromEntries(
      values.map(([name, value]) => {
        if (!Object.hasOwn(table, name)) throw unknownName(place, name, Object.keys(table))
        return [name, check(`${place}: "${name}"`, table[name]!.schema, value)]
      }),
    ) as Partial<Values<T>>
  }

  return {
    defaults,

    /**
     * Defaults, over them the `steps` that a run was started with, over that a JSON file (its path, or what is in it; a run's config.json will do), over that `overrides` (undefined counts as not given).
     * @throws UsageError naming file, setting, what was expected and what came
     */
    async resolve({
      steps,
      file = {},
      overrides = {},
    }: {
      steps?: number | undefined
      file?: unknown
      overrides?: Partial<Values<T>>
    } = {}): Promise<Values<T>> {
      const place = typeof file === 'string' ? file : 'config'
      const found = objectIn(place, typeof file === 'string' ? await readJson(file) : file)
      const given = 'settings' in found ? objectIn(place, found.settings) : found // a run's own config.json
      const planned = steps === undefined ? {} : { steps }
      return { ...defaults, ...planned, ...checked(place, given), ...checked('settings', overrides) }
    },

    /** Those of a command's flags that are settings. */
    pick(flags: Readonly<Record<string, unknown>>): Partial<Values<T>> {
      return checked('flags', Object.fromEntries(Object.keys(table).map((name) => [name, flags[name]])))
    },

    rows(values: Values<T>): KnobRow[] {
      return entries.map(([name, { default: byDefault, schema: _, ...options }]) => {
        const value = shown(values[name]!)
        const standard = shown(byDefault)
        return { name, value, standard, changed: value !== standard, ...options }
      })
    },

    options: (): KnobFlag[] => entries.flatMap(([name, one]) => flagsOf(name, one)),
  }
}

function check<T extends KnobValue>(place: string, schema: KnobSchema<T>, value: unknown): T {
  const parsed = v.safeParse(schema, value)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const key = v.getDotPath(issue)
  throw new UsageError(`${place}${key === null ? '' : `, item ${key},`} ${issue.message}, got ${show(issue.input)}.`)
}

function flagsOf(name: string, { default: value, schema, unit, provenance, note }: Knob<KnobValue>): KnobFlag[] {
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const choices = 'options' in schema ? `: ${(schema.options as string[]).join(', ')}` : ''
  const amount = unit ? `${shown(value)} ${unit}` : shown(value)
  const description = `${note}${choices} (default: ${amount}; ${provenance})`
  if (typeof value === 'boolean') {
    return [
      { flags: `--${flag}`, description, hidden: value },
      { flags: `--no-${flag}`, description, hidden: !value },
    ]
  }
  const parse = (text: string) => check(`--${flag}`, schema, valueIn(text, value))
  return [{ flags: `--${flag} ${placeholder(value)}`, description, parse, hidden: false }]
}

/** Far above any file of settings: the largest has thirty lines. */
const largestFile = 2 ** 20

async function readJson(path: string): Promise<unknown> {
  const text = await readText(path, largestFile).catch((cause) => {
    const reason = cause.code === 'ENOENT' ? 'there is no such file' : cause.message
    throw new UsageError(`${path}: ${reason}.`, { cause })
  })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`${path} is not JSON: ${(cause as Error).message}.`, { cause })
  }
}

function objectIn(place: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new UsageError(`${place}: expected an object such as {"steps": 1000}, got ${show(value)}.`)
}

function unknownName(place: string, name: string, known: string[]): UsageError {
  const near = nearest(name, known)
  const remedy = near ? `Did you mean "${near}"?` : `There are ${known.join(', ')}.`
  return new UsageError(`${place}: there is no setting ${quote(name)}.`, { remedy })
}
