// One image from a cold start, in a process of its own: opens the model, samples, decodes, and prints what it took as JSON.
// Started by `distilled bench` (cold-start.ts); arguments: model, dtype, threads.

import { readFileSync } from 'node:fs'
import { createEngine } from '../engine/node/engine.ts'
import type { DType } from '../models/weights.ts'
import { tokensBefore } from '../sampling/family.ts'
import { noiseSource } from '../sampling/noise.ts'
import { programCache } from '../sampling/programs.ts'
import { sample } from '../sampling/sampler.ts'
import { randomFamily, studentEntry } from './random-family.ts'

const [name, dtype, threads] = process.argv.slice(2) as [string, DType, string]
const entry = studentEntry(name)
const family = await randomFamily(entry, dtype, false)
const engine = await createEngine({ device: 'cpu', threads: Number(threads) })
const programs = programCache(engine)
const size = tokensBefore(family, family.groups.length) * family.channels
const { split } = entry.presets[0]!
const request = {
  labels: [0],
  plan: { kind: 'student', timesteps: [0], split } as const,
  noise: noiseSource('philox', 0, size, 1),
  seed: 0,
  batch: 1,
  lean: true,
}
const opened = performance.now()
for await (const _ of sample(family, programs, request));
const finished = performance.now()

/** Linux tells memory of the process's own apart from file pages, which the system may drop at any time. */
function status(field: string): number | undefined {
  try {
    const kilobytes = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1e6
  } catch {
    return undefined
  }
}

console.log(
  JSON.stringify({
    /** Milliseconds since the process started. */
    opened,
    finished,
    peakGB: process.resourceUsage().maxRSS / 1e6,
    ownGB: status('RssAnon'),
  }),
)
await engine.dispose()
