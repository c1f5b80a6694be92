// `--config FILE.json`: what the shapes of a checkpoint cannot tell, for models that no preset fits.
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { nearest, UsageError } from '../core/errors.ts'

const count = v.pipe(
  v.number('must be a whole number above 0'),
  v.integer('must be a whole number above 0'),
  v.minValue(1, 'must be a whole number above 0'),
)

const schema = v.strictObject(
  {
    /** Checked against what the checkpoint looks like. */
    family: v.optional(v.picklist(['var', 'llamagen'], 'must be "var" or "llamagen"')),
    /** Attention heads. */
    heads: v.optional(count),
    /** Positions of an image (LlamaGen). */
    tokens: v.optional(count),
    /** Side of every scale (VAR). */
    patchNums: v.optional(
      v.pipe(
        v.array(count, 'must be a list of whole numbers'),
        v.minLength(1, 'must be a list of at least one whole number'),
      ),
    ),
  },
  'must be an object such as {"family": "llamagen", "heads": 4}',
)

export type ModelConfig = v.InferOutput<typeof schema>

/**
 * Reads and checks a config file.
 * @throws UsageError that names the file, the key, what was expected and what came
 * @example
 * await readConfig('tiny.json') // { family: 'llamagen', heads: 4, tokens: 16 }
 */
export async function readConfig(path: string): Promise<ModelConfig> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new UsageError(`--config ${path}: ${cause.code === 'ENOENT' ? 'there is no such file' : cause.message}.`, {
      cause,
    })
  })
  const parsed = v.safeParse(schema, json(path, text))
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const key = v.getDotPath(issue)
  const known = Object.keys(schema.entries)
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
