// The two protocols whose numbers are both called FID, and what each of them fixes. `dd` is pytorch-fid as Distilled
// Decoding uses it: labels at random, images as PNG files, its own resizing. `adm` is guided diffusion's evaluator, which VAR
// and LlamaGen quote: as many images of every class, TensorFlow's resizing, sFID beside FID (docs/EVALUATION.md).

import type { MetricName, ProtocolName } from './result.ts'

export type LabelScheme = 'random' | 'balanced'

/** How each protocol draws the labels of its samples. */
export const labelsOf: Readonly<Record<ProtocolName, LabelScheme>> = { dd: 'random', adm: 'balanced' }

/** Number of images behind the published figures of both protocols. */
export const publishedCount = 50_000

/** The metrics that each protocol reports; KID belongs to neither and is measured on demand. */
export const defaultMetrics: Readonly<Record<ProtocolName, readonly MetricName[]>> = {
  dd: ['fid', 'is', 'precision', 'recall'],
  adm: ['fid', 'sfid', 'is', 'precision', 'recall'],
}
