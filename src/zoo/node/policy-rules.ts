// A policy as its owner writes it, in code or as a JSON file: lists of class ids, names, and "sensitive": the list's
// sensitive classes.

import * as v from 'valibot'
import { nearest, UsageError } from '../../core/errors.ts'
import { readText } from '../../files/read.ts'
import { type ClassList, imagenet, resolveClass } from '../classes.ts'
import { type Policy, verdicts } from '../policy.ts'

const entries = v.optional(
  v.array(
    v.union([v.pipe(v.number(), v.safeInteger(), v.minValue(0)), v.string()], 'must be a class id or a name'),
    'must be a list of class ids and names',
  ),
)

const schema = v.strictObject(
  {
    /** Classes that are never sampled. */
    deny: entries,
    /** Classes whose images are marked. */
    flag: entries,
    /** Classes to which `default` does not apply. */
    allow: entries,
    /** The verdict for classes in no list. */
    default: v.optional(v.picklist(verdicts, `must be one of ${verdicts.join(', ')}`)),
  },
  'must be an object such as {"deny": ["sensitive"]}',
)

/** A policy as it is written. The strictest list that names a class counts. */
export type PolicyRules = v.InferOutput<typeof schema>

/**
 * The policy that `rules` make for a list of classes.
 * @param rules the parsed JSON: {"deny": [413, "bikini"], "flag": ["sensitive"], "default": "allow"}
 * @throws UsageError that names the policy and the key: an unknown key, class or verdict
 * @example
 * createPolicy({ deny: [413], flag: ['sensitive'] }).verdict(445) // 'flag'
 */
export function createPolicy(rules: unknown, { classes = imagenet, name = 'the policy' }: PolicyOptions = {}): Policy {
  const parsed = v.safeParse(schema, Array.isArray(rules) ? null : rules) // a list would pass for an object without keys
  if (!parsed.success) throw misread(name, parsed.issues[0])
  const { default: otherwise = 'allow', ...lists } = parsed.output
  const members = (list: 'deny' | 'flag' | 'allow') =>
    new Set((lists[list] ?? []).flatMap((entry, i) => idsOf(entry, `${name}: ${list}[${i}]`, classes)))
  const deny = members('deny')
  const flag = members('flag')
  const allow = members('allow')
  return {
    name,
    verdict(id) {
      if (deny.has(id)) return 'deny'
      if (flag.has(id)) return 'flag'
      return allow.has(id) ? 'allow' : otherwise
    },
  }
}

export interface PolicyOptions {
  /** ImageNet's by default. */
  classes?: ClassList | undefined
  name?: string | undefined
}

/**
 * Reads a policy's JSON file for a list of classes.
 * @throws UsageError when there is no such file, it is not JSON, or as `createPolicy`
 */
export async function readPolicy(path: string, classes?: ClassList): Promise<Policy> {
  const name = `policy ${path}`
  const text = await readText(path, 2 ** 20).catch((cause) => {
    throw new UsageError(`${name}: ${cause.code === 'ENOENT' ? 'there is no such file' : cause.message}.`, { cause })
  })
  return createPolicy(json(name, text), { classes, name })
}

function idsOf(entry: string | number, place: string, classes: ClassList): number[] {
  if (entry === 'sensitive') return [...classes.sensitive]
  try {
    return [resolveClass(entry, classes)]
  } catch (cause) {
    throw new UsageError(`${place}: ${(cause as Error).message}`, { cause })
  }
}

function misread(name: string, issue: v.BaseIssue<unknown>): UsageError {
  const key = v.getDotPath(issue)
  const known = Object.keys(schema.entries)
  if (key !== null && !known.includes(key.split('.')[0]!)) {
    const near = nearest(key, known)
    return new UsageError(`${name}: there is no key "${key}"; known are ${known.join(', ')}.`, {
      ...(near && { remedy: `Did you mean "${near}"?` }),
    })
  }
  return new UsageError(`${name}: ${key === null ? 'it' : `"${key}"`} ${issue.message}, got ${issue.received}.`)
}

function json(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`${name} is not JSON: ${(cause as Error).message}.`, { cause })
  }
}
