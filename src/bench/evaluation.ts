// Time of evaluation apart from the network that reads images: distances at Inception's width, on random features.

import { noise } from '../core/random/philox.ts'
import { inPieces, type Steps } from '../core/steps.ts'
import type { Engine } from '../engine/types.ts'
import type { Features } from '../evaluate/features.ts'
import { frechetSteps } from '../evaluate/frechet.ts'
import { addFeatures, emptyMoments, gaussian, type Moments } from '../evaluate/moments.ts'
import { pairwise } from '../evaluate/pairwise.ts'
import { precisionRecall } from '../evaluate/precision-recall.ts'

export interface EvaluationTiming {
  what: string
  milliseconds: number
  /** Largest resident memory of the process so far, in GB. */
  peakGB: number
}

const WIDTH = 2048
const BLOCK = 500
/** Sizes of guided diffusion's reference batch and of the samples that are compared with it. */
const REFERENCE = 10_000
const SAMPLES = 50_000

/** Times moments of 10,000 rows, one Fréchet distance, and precision and recall of 50,000 samples. */
export async function* evaluationTimings(engine: Engine, signal?: AbortSignal): AsyncGenerator<EvaluationTiming> {
  const reference = randomFeatures(0, REFERENCE)
  const samples = randomFeatures(1, SAMPLES)
  const moments = [emptyMoments(WIDTH), emptyMoments(WIDTH)] as const
  yield await timed(`moments of ${REFERENCE} x ${WIDTH} features`, () =>
    inPieces(addSteps(moments[0], reference), signal),
  )
  await inPieces(addSteps(moments[1], samples), signal)
  yield await timed(`Fréchet distance, ${WIDTH} features`, () =>
    inPieces(frechetSteps(gaussian(moments[0]), gaussian(moments[1])), signal),
  )
  await using products = await pairwise(engine, WIDTH)
  const options = { distances: products.distances, ...(signal && { signal }) }
  yield await timed(`precision and recall, ${REFERENCE} x ${SAMPLES} x ${WIDTH}`, () =>
    precisionRecall(reference, samples, options),
  )
}

/** The first rows, in blocks as evaluations have them. */
function* addSteps(moments: Moments, { data }: Features): Steps<void> {
  for (let row = 0; row < REFERENCE; row += BLOCK) {
    const part = data.subarray(row * WIDTH, (row + BLOCK) * WIDTH)
    addFeatures(moments, { data: part, shape: [BLOCK, WIDTH] })
    yield
  }
}

async function timed(what: string, work: () => Promise<unknown>): Promise<EvaluationTiming> {
  const started = performance.now()
  await work()
  return { what, milliseconds: performance.now() - started, peakGB: process.resourceUsage().maxRSS / 1e6 }
}

/** Rows cut at shifting offsets from one block of normal values: drawing 100 million values would take longer than the metric. */
function randomFeatures(seed: number, rows: number): Features {
  const block = noise(seed, 0, 1 << 20)
  const data = new Float32Array(rows * WIDTH)
  for (let at = 0, turn = 0; at < data.length; at += block.length, turn++) {
    const part = block.subarray(0, Math.min(block.length, data.length - at))
    data.set(
      part.map((x, i) => x + 0.1 * ((i * (turn + 1)) % 7)),
      at,
    )
  }
  return { data, shape: [rows, WIDTH] }
}
