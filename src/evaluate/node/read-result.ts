// Results from files.

import * as v from 'valibot'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import { printableLine } from '../../core/show.ts'
import { readText } from '../../files/read.ts'
import { type EvaluationResult, resultSchema } from '../result.ts'

/** Figures of 1,000 classes take 0.1 MB. */
export const maxResultBytes = 2 ** 23

/**
 * Reads the result that `distilled evaluate --save` wrote.
 * @throws UsageError when there is no such file or it is too large, CheckpointError when it is not a result
 * @example
 * const { metrics, protocol } = await readResult('one-step.json')
 * const text = `FID ${metrics.fid} of ${protocol.count} samples`
 * text // 'FID 52.24 of 5000 samples'
 */
export async function readResult(path: string): Promise<EvaluationResult> {
  const failed = (cause: NodeJS.ErrnoException): never => {
    throw new UsageError(`Cannot read ${path}: ${cause.code === 'ENOENT' ? 'no such file' : cause.message}.`, { cause })
  }
  const text = await readText(path, maxResultBytes).catch(failed)
  const parsed = v.safeParse(resultSchema, json(text), { abortEarly: true })
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const where = (v.getDotPath(issue) ?? 'the file').slice(0, 100)
  throw new CheckpointError(
    printableLine(`${path} is no result of an evaluation: ${where}: ${issue.message.slice(0, 200)}.`),
    {
      remedy: 'Expected a file that `distilled evaluate --save FILE.json` wrote.',
    },
  )
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
