// Time to the first image and peak memory, measured on fresh processes.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { DType } from '../models/weights.ts'

export interface ColdStart {
  /** Milliseconds from the start of the process to the finished image. */
  finished: number
  /** Largest resident memory of the process, weights mapped from files included, in GB. */
  peakGB: number
  /** Memory that is the process's own at the end, without mapped files (Linux only), in GB. */
  ownGB?: number
}

/** Runs `repeat` fresh processes and returns the fastest one's figures. */
export async function coldStart(
  model: string,
  dtype: DType,
  threads: number,
  repeat: number,
  signal?: AbortSignal,
): Promise<ColdStart> {
  const script = fileURLToPath(new URL('./first-image.js', import.meta.url))
  const runs: ColdStart[] = []
  for (let i = 0; i < repeat; i++) {
    const { stdout } = await promisify(execFile)(process.execPath, [script, model, dtype, String(threads)], {
      ...(signal && { signal }),
    })
    runs.push(JSON.parse(stdout))
  }
  return runs.reduce((best, run) => (run.finished < best.finished ? run : best))
}
