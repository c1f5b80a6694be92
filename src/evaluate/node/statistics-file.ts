// Files of means and covariances: an .npz with `mu`, `sigma`, optionally `mu_s` and `sigma_s`, the names that pytorch-fid and
// guided diffusion read, and a note of their origin.

import { npzBytes } from '../../checkpoint/npz.ts'
import { UsageError } from '../../core/errors.ts'
import { writeAtomically } from '../../files/atomic.ts'
import type { Collected } from '../collect.ts'
import type { Gaussian } from '../moments.ts'
import { type Note, noteArray } from '../sets/note.ts'

/** Tells the file of statistics by the names of its arrays (files/replacing.ts). */
export const statisticsMark = /\bmu\.npy[\s\S]*sigma\.npy[\s\S]*distilled\.npy/

/**
 * Writes the statistics of a set; `arraySet` reads them as a reference.
 * @throws UsageError when the set was measured without moments
 * @example
 * const { result, measured } = await evaluate({ samples, reference, reader, engine, protocol: 'dd', versions: {} })
 * const note = { extractor: result.protocol.features, origin: unknownOrigin }
 * await saveStatistics('samples.npz', measured.samples, note)
 */
export async function saveStatistics(path: string, set: Collected, note: Omit<Note, 'count'>): Promise<void> {
  const { gaussian, spatial, count } = set
  if (!gaussian) throw new UsageError('No statistics to save.', { remedy: 'Have fid among the metrics.' })
  const arrays = {
    ...named(gaussian, 'mu', 'sigma'),
    ...(spatial && named(spatial, 'mu_s', 'sigma_s')),
    distilled: noteArray({ count, ...note }),
  }
  await writeAtomically(path, npzBytes(arrays))
}

const named = ({ mean, covariance }: Gaussian, mu: string, sigma: string) => ({
  [mu]: { shape: [mean.length], data: mean },
  [sigma]: { shape: [mean.length, mean.length], data: covariance },
})
