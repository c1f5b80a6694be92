// References of published figures, by name: where the file is, and how to get it. Hashes are not pinned here. The download is
// checked against the hash that the hub announces, and every result prints the hash it used.

import { UsageError } from '../../core/errors.ts'
import type { HubFile } from '../model-entry.ts'
import { locateFile } from './cache.ts'

export interface ReferenceEntry {
  readonly name: string
  readonly about: string
  /** A file that `distilled download` fetches, or the address of one that has to be fetched by hand. */
  readonly source: HubFile | { readonly address: string; readonly file: string }
}

export const references: readonly ReferenceEntry[] = [
  {
    name: 'imagenet-dd',
    about: "statistics of ImageNet's training set at 256 x 256, as Distilled Decoding publishes them (protocol dd)",
    source: { repo: 'microsoft/distilled_decoding', file: 'ImageNet-256_FID_Statistic/statistic.pth' },
  },
  {
    name: 'imagenet-adm',
    about: "guided diffusion's reference batch for ImageNet at 256 x 256: 10,000 images and statistics (protocol adm)",
    source: {
      address:
        'https://openaipublic.blob.core.windows.net/diffusion/jul-2021/ref_batches/imagenet/256/VIRTUAL_imagenet256_labeled.npz',
      file: 'VIRTUAL_imagenet256_labeled.npz',
    },
  },
]

/**
 * Where a named reference is on this machine; undefined when `name` is not a reference.
 * @throws UsageError when it is known but not here, with the way to get it
 * @example
 * locateReference('imagenet-dd').endsWith('statistic.pth') // true
 */
export function locateReference(name: string): string | undefined {
  const entry = references.find((reference) => reference.name === name)
  if (!entry) return undefined
  const { source } = entry
  if (!('repo' in source)) {
    throw new UsageError(`${name} is not downloaded by this program.`, {
      remedy: `Fetch ${source.address} and name the file with \`reference\`: ${source.file}`,
    })
  }
  const path = locateFile(source)
  if (path !== undefined) return path
  throw new UsageError(`${name} is not on this machine.`, { remedy: `Fetch it with: distilled download ${name}` })
}
