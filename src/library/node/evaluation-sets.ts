// Samples as a set to be evaluated: a model that makes them while they are measured, or a folder that it filled before. Both say
// how their labels were drawn and with which settings, which a result prints as its protocol.

import { readdir } from 'node:fs/promises'
import { type OpenSetOptions, openSet } from '../../evaluate/node/sets/open.ts'
import type { EvaluationSet, ImageSource, Origin } from '../../evaluate/sets/set.ts'
import { checkSpan } from '../../evaluate/sets/set.ts'
import { readManifests, type Settings, sha256 } from '../../jobs/node/manifest.ts'
import { classesOf, models } from '../../zoo/registry.ts'
import { labelOf, type MassOptions, massRun, massSampler } from './mass.ts'
import { massSettings } from './mass-settings.ts'
import type { Model } from './model.ts'
import { openSamples, samplesKind } from './samples.ts'

/**
 * A model's samples, made as they are read; no image is kept.
 * @throws UsageError for impossible settings
 * @example
 * const samples = await modelSet(model, { count: 10_000, labels: 'random', seed: 0 })
 */
export async function modelSet(model: Model, options: MassOptions): Promise<EvaluationSet & { images: ImageSource }> {
  const run = massRun(model, options)
  const range = massSampler(model, run, options)
  const settings = await massSettings(model, run, options.signal)
  const labels = Array.from({ length: run.count }, (_, i) => labelOf(run.labels, run.seed, i, model.family.numClasses))
  return {
    name: model.name,
    count: run.count,
    origin: originOf(settings),
    images: {
      count: run.count,
      format: 'none: sampled and measured in one run',
      lossy: false,
      labels,
      classes: model.classes.labels.slice(0, model.family.numClasses),
      async *read(first, count) {
        checkSpan(model.name, run.count, first, count)
        for await (const { data, shape } of range(first, first + count)) yield { data, shape }
      },
    },
    sha256: async () => sha256(new TextEncoder().encode(JSON.stringify({ ...settings, count: run.count }))),
    async close() {},
  }
}

/**
 * What `sampleMany` or `distilled sample --labels` wrote.
 * @throws whatever `openSamples` throws
 */
export async function samplesSet(folder: string): Promise<EvaluationSet & { images: ImageSource }> {
  const samples = await openSamples(folder)
  const { count, manifest, settings } = samples
  const entry = models.find(({ name }) => name === settings.model)
  const labels = Array.from({ length: count }, (_, i) =>
    labelOf(settings.labels as 'random' | 'balanced', settings.seed as number, i, settings.classes as number),
  )
  return {
    name: folder,
    count,
    origin: originOf(settings),
    images: {
      count,
      format: 'npz',
      lossy: false,
      labels,
      classes: entry && classesOf(entry).labels,
      async *read(first, n, signal) {
        checkSpan(folder, count, first, n)
        for await (const { data, shape } of samples.batches({ from: first, to: first + n, signal }))
          yield { data, shape }
      },
    },
    sha256: async () => sha256(new TextEncoder().encode(manifest.files.map((file) => file.sha256).join())),
    async close() {},
  }
}

/** A file of samples by its name: a manifest beside it has to be theirs. */
const ours = new RegExp(`^${samplesKind.name}-\\d+\\.${samplesKind.extension}$`)

/**
 * A set by name, folder or file, the folders of `sampleMany` among them; close it when done.
 * @throws whatever `openSet` and `samplesSet` throw
 */
export async function openSamplesOrSet(what: string, options: OpenSetOptions): Promise<EvaluationSet> {
  const made = (await readdir(what).catch(() => [])).some((name) => ours.test(name))
  const manifests = await readManifests(what, samplesKind).catch((error) => {
    if (made) throw error
  })
  return made || manifests?.size ? samplesSet(what) : openSet(what, options)
}

const labelWords: Readonly<Record<string, string>> = {
  random: 'random: each drawn uniformly from (seed, index)',
  balanced: 'balanced: every class equally often',
}

function originOf({ labels, rounding, ...sampling }: Settings): Origin {
  return { labels: labelWords[labels as string] ?? String(labels), sampling, rounding: String(rounding) }
}
