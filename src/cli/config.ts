// `--config FILE.json`: what the shapes of a checkpoint cannot tell, for models that no preset fits.
import * as v from 'valibot'
import { nearest, UsageError } from '../core/errors.ts'
import { readText } from '../files/read.ts'
import { hintsSchema } from '../library/node/load-options.ts'
import type { ArchitectureHints } from '../models/infer.ts'

/**
 * Reads and checks a config file.
 * @throws UsageError that names the file, the key, what was expected and what came
 * @example
 * await readConfig('tiny.json') // { family: 'llamagen', heads: 4, tokens: 16 }
 */
export async function readConfig(path: string): Promise<ArchitectureHints> {
  const text = await readText(path, 2 ** 20).catch((cause) => {
    throw new UsageError(`--config ${path}: ${cause.code === 'ENOENT' ? 'there is no such file' : cause.message}.`, {
      cause,
    })
  })
  const parsed = v.safeParse(hintsSchema, json(path, text))
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const key = v.getDotPath(issue)
  const known = Object.keys(hintsSchema.entries)
  if (key !== null && !known.includes(key.split('.')[0]!)) {
    const near = nearest(key, known)
    throw new UsageError(`--config ${path}: there is no key "${key}"; known are ${known.join(', ')}.`, {
      ...(near && { remedy: `Did you mean "${near}"?` }),
    })
  }
  throw new UsageError(`--config ${path}: ${key === null ? 'it' : `"${key}"`} ${issue.message}, got ${issue.received}.`)
}

function json(path: string, text: string): unknown {
  try {
    const value = JSON.parse(text)
    return Array.isArray(value) ? null : value // an array would pass for an object without keys
  } catch (cause) {
    throw new UsageError(`--config ${path} is not JSON: ${(cause as Error).message}.`, { cause })
  }
}
