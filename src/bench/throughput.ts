// How many images a second come out of several engines side by side, through the sampler itself.

import { createEngine } from '../engine/node/engine.ts'
import type { Family } from '../sampling/family.ts'
import { tokensBefore } from '../sampling/family.ts'
import { noiseSource } from '../sampling/noise.ts'
import { programCache } from '../sampling/programs.ts'
import { sample } from '../sampling/sampler.ts'

export interface ThroughputOptions {
  engines: number
  /** Threads of each engine. */
  threads: number
  batch: number
  /** Images that every engine makes while the clock runs. */
  images: number
}

export async function imagesPerSecond(
  family: Family,
  options: ThroughputOptions,
  signal?: AbortSignal,
): Promise<number> {
  const { engines, threads, batch, images } = options
  const size = tokensBefore(family, family.groups.length) * family.channels
  const lanes = await Promise.all(
    Array.from({ length: engines }, async (_, lane) => {
      const engine = await createEngine({ device: 'cpu', threads })
      const programs = programCache(engine)
      const make = async (count: number) => {
        const labels = new Array<number>(count).fill(0)
        const plan = { kind: 'student', timesteps: [0], split: Math.floor(family.groups.length / 2) } as const
        const request = { labels, plan, noise: noiseSource('philox', lane, size, count), seed: lane, batch, signal }
        for await (const _ of sample(family, programs, request));
      }
      await make(1)
      return { make, engine }
    }),
  )
  const start = performance.now()
  await Promise.all(lanes.map(({ make }) => make(images)))
  const seconds = (performance.now() - start) / 1000
  await Promise.all(lanes.map(({ engine }) => engine.dispose()))
  return (engines * images) / seconds
}
