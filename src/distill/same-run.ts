// Whether a run may continue: with the config it was started with, except that it may be longer and its data may have moved.
// The error names every setting that differs.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../core/errors.ts'
import { readText } from '../files/read.ts'

type Config = Readonly<Record<string, unknown>>

/** A longer run goes on where a shorter one ended; the same data may lie in another folder. */
const free = new Set(['settings.steps', 'data.folder'])
const mostNamed = 4
/** Bytes of a config.json. */
const largestConfig = 2 ** 20

/**
 * Throws a UsageError unless the run in `folder`, `step` steps long, may go on as `config`.
 * @throws UsageError that names what differs, or that the run was meant to be longer
 */
export async function checkSameRun(folder: string, step: number, config: Config): Promise<void> {
  const path = join(folder, 'config.json')
  const before = await readConfig(path)
  const now = flat(config)
  const different = [...new Set([...before.keys(), ...now.keys()])]
    .filter((name) => !free.has(name) && before.get(name) !== now.get(name))
    .map((name) => `${brief(name)} (${brief(before.get(name))} there, ${brief(now.get(name))} here)`)
  if (different.length) {
    const more = different.length - mostNamed
    const named = different.slice(0, mostNamed).join(', ')
    throw new UsageError(
      `${folder} holds a run with other settings, ${step} steps long. They differ in ${named}${more > 0 ? ` and ${more} more` : ''}.`,
      { remedy: changedData(different) ?? 'Name another folder, or repeat the settings in its config.json.' },
    )
  }
  const planned = Number(before.get('settings.steps'))
  const wanted = Number(now.get('settings.steps'))
  if (!(wanted < planned)) return
  throw new UsageError(
    `${folder} holds a run of ${planned} steps, ${step} of them done; it cannot become ${wanted} long.`,
    {
      remedy: `Ask for ${planned} steps or more, or name another folder.`,
    },
  )
}

/** Changed data are the likeliest reason, and the user may not know about it. */
const changedData = (different: readonly string[]): string | undefined =>
  different.every((what) => what.startsWith('data.'))
    ? 'Its images changed since it was started. Put them back as they were, or start another run from its weights with `init`.'
    : undefined

/** The length that the run of this kind in a folder was last asked for; undefined when there is none. */
export async function plannedSteps(folder: string, kind: string): Promise<number | undefined> {
  const path = join(folder, 'config.json')
  if (!existsSync(path)) return undefined
  const config = await readConfig(path).catch(() => new Map<string, string>())
  const steps = Number(config.get('settings.steps'))
  return config.get('kind') === JSON.stringify(kind) && steps > 0 ? steps : undefined
}

async function readConfig(path: string): Promise<Map<string, string>> {
  try {
    return flat(JSON.parse(await readText(path, largestConfig)))
  } catch (cause) {
    throw new UsageError(`${path} cannot be read: ${(cause as Error).message}.`, {
      remedy: 'It says what the run in this folder is. Name another folder for a new run.',
      cause,
    })
  }
}

/** Every value by its place, "settings.lr", as JSON. */
function flat(value: unknown, place = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map([[place, JSON.stringify(value)]])
  return new Map(Object.entries(value).flatMap(([name, item]) => [...flat(item, place ? `${place}.${name}` : name)]))
}

const brief = (json: string | undefined): string =>
  json === undefined ? 'nothing' : json.length > 40 ? `${json.slice(0, 40)}...` : json
