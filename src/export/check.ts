// How far exported files are from the fp32 graphs they came from. The sampler runs the originals and every call is recorded;
// each is repeated on the exported file with the same inputs, so that an error is the file's own and not inherited from an
// earlier step. Then the sampler runs on the exported files themselves, which gives the known answer and the error of a whole image.

import { type Engine, float32, hostData, type Value } from '../engine/types.ts'
import { quantizeGraph } from '../models/student.ts'
import type { Family } from '../sampling/family.ts'
import type { NoiseSource } from '../sampling/noise.ts'
import { type Programs, programCache } from '../sampling/programs.ts'
import { type SampledImage, sample } from '../sampling/sampler.ts'
import type { ExportedPreset, Parts } from './parts.ts'

/** Absolute differences. */
export interface Difference {
  max: number
  mean: number
}

export interface GraphCheck {
  graph: string
  /** Of the sequence for a student, of the image (0 to 1) for the decoder. */
  difference: Difference
  /** Share of the positions between timestep and split at which both choose the same token. */
  equalTokens?: number
}

export interface CheckResult {
  graphs: GraphCheck[]
  /** Whole images by preset, on the scale from 0 to 1. */
  presets: { steps: number; image: Difference }[]
}

export interface CheckRequest {
  labels: readonly number[]
  noise: NoiseSource
  parts: Parts
  signal?: AbortSignal | undefined
  onRun?(done: number, total: number): void
}

export interface Checked {
  result: CheckResult
  /** What the exported files gave, by preset. */
  images: SampledImage[][]
}

/** Compares the exported files, by the sampler's names of their programs, with the family they came from. */
export async function checkExport(
  family: Family,
  engine: Engine,
  files: Programs,
  request: CheckRequest,
): Promise<Checked> {
  const { parts, onRun, signal } = request
  const total = 2 * parts.presets.length + parts.students.length + 1
  let done = 0
  const ran = () => onRun?.(++done, total)

  const originals = programCache(engine)
  const recorder = recording(originals)
  const expected: SampledImage[][] = []
  for (const preset of parts.presets) {
    expected.push(await sampled(family, recorder.programs, preset, request))
    ran()
  }
  await originals.close() // one copy of the network in memory at a time

  const graphs: GraphCheck[] = []
  for (const part of parts.students) {
    const { feeds, out } = recorder.calls.find(({ program }) => program === part.program)!
    const own = await (await files.get(part.program, never)).run(feeds, { signal })
    const a = hostData(out.sequence)
    const b = hostData(own.sequence)
    const range = { from: part.finishedTokens, to: part.splitTokens }
    const equalTokens = await sameTokens(family, originals, a, b, request.labels.length, range)
    graphs.push({
      graph: part.name,
      difference: difference([a], [b]),
      ...(equalTokens !== undefined && { equalTokens }),
    })
    ran()
  }
  const decoded = recorder.calls.filter(({ program }) => program === 'decoder')
  const decoder = await files.get('decoder', never)
  const own: Float32Array[] = []
  for (const { feeds } of decoded) own.push(hostData((await decoder.run(feeds, { signal })).image))
  const pixels = decoded.map(({ out }) => hostData(out.image))
  graphs.push({ graph: 'decoder', difference: difference(pixels, own) })
  ran()

  const images: SampledImage[][] = []
  for (const preset of parts.presets) {
    images.push(await sampled(family, files, preset, request))
    ran()
  }
  await originals.close()
  const planes = (results: readonly SampledImage[]) => results.map((result) => result.pixels)
  const presets = parts.presets.map(({ steps }, i) => ({
    steps,
    image: difference(planes(expected[i]!), planes(images[i]!)),
  }))
  return { result: { graphs, presets }, images }
}

const never = (): never => {
  throw new TypeError('Exported files are open already.')
}

async function sampled(
  family: Family,
  programs: Programs,
  preset: ExportedPreset,
  request: CheckRequest,
): Promise<SampledImage[]> {
  const { labels, noise, signal } = request
  const plan = { kind: 'student', timesteps: preset.timesteps, split: preset.split } as const
  const images: SampledImage[] = []
  const all = sample(family, programs, { labels, plan, noise, seed: 0, batch: labels.length, signal })
  for await (const image of all) images.push(image)
  return images
}

interface Call {
  program: string
  feeds: Readonly<Record<string, Value>>
  out: Record<string, Value>
}

/** The same programs, and a list of what went in and came out. */
function recording(programs: Programs): { programs: Programs; calls: Call[] } {
  const calls: Call[] = []
  return {
    calls,
    programs: {
      ...programs,
      async get(name, graph, options) {
        const program = await programs.get(name, graph, options)
        return {
          inputs: program.inputs,
          outputs: program.outputs,
          async run(feeds, how) {
            const out = await program.run(feeds, how)
            calls.push({ program: name, feeds, out })
            return out
          },
          dispose: () => program.dispose(),
          [Symbol.asyncDispose]: () => program.dispose(),
        }
      },
    },
  }
}

/** Share of equal tokens among positions from..to of two sequences [B, L, C]; undefined when there is no such position. */
async function sameTokens(
  family: Family,
  programs: Programs,
  a: Float32Array,
  b: Float32Array,
  batch: number,
  { from, to }: { from: number; to: number },
): Promise<number | undefined> {
  if (to <= from) return undefined
  const program = await programs.get('quantize', () => quantizeGraph(family.codebook()))
  const { channels } = family
  const width = a.length / batch
  const tokens = async (sequence: Float32Array) => {
    const rows = Array.from({ length: batch }, (_, i) =>
      sequence.subarray(i * width + from * channels, i * width + to * channels),
    )
    const x = Float32Array.from(rows.flatMap((row) => Array.from(row)))
    return hostData<BigInt64Array>((await program.run({ x: float32(x, [batch, to - from, channels]) })).indices)
  }
  const x = await tokens(a)
  const y = await tokens(b)
  return x.filter((token, i) => token === y[i]).length / x.length
}

/** A value that is no number makes both figures NaN. */
function difference(a: readonly Float32Array[], b: readonly Float32Array[]): Difference {
  let max = 0
  let sum = 0
  let count = 0
  for (const [k, values] of a.entries()) {
    for (let i = 0; i < values.length; i++) {
      const d = Math.abs(values[i]! - b[k]![i]!)
      max = Math.max(max, d)
      sum += d
    }
    count += values.length
  }
  return { max, mean: sum / count }
}
