// Which classes may be sampled: a policy denies classes (an error, never an altered image) or flags them (the image is made and
// marked). policy-rules.ts has the form in which policies are written.

import { UsageError } from '../core/errors.ts'
import type { ClassInfo } from './class-list.ts'

export const verdicts = ['allow', 'flag', 'deny'] as const
export type Verdict = (typeof verdicts)[number]

/** A policy for the classes of one model. */
export interface Policy {
  /** How errors call it, e.g. the file's name. */
  readonly name: string
  verdict(id: number): Verdict
}

/**
 * Does nothing unless the policy denies one of the classes.
 * @throws UsageError that names the policy and the first denied class
 */
export function requireAllowed(policy: Policy | undefined, infos: Iterable<ClassInfo>, remedy?: string): void {
  if (!policy) return
  for (const info of infos) {
    if (policy.verdict(info.id) !== 'deny') continue
    throw new UsageError(`${policy.name} denies class ${info.id} ${info.name}; nothing was sampled.`, {
      remedy: remedy ?? 'Ask for other classes, or use another policy.',
    })
  }
}
