// In the worker: opens a model from its source and tests it. Files are fetched together, the networks open on the best device,
// and the known answer has to come out; when it does not, the processor is used instead.

import { openCheckpoint } from '../checkpoint/checkpoint.ts'
import { bufferSource } from '../checkpoint/sources.ts'
import type { Checkpoint } from '../checkpoint/types.ts'
import { DistilledError, DownloadError, EngineError } from '../core/errors.ts'
import { WebEngine } from '../engine/web.ts'
import { openRuntime, type WebDevice } from '../engine/web-runtime.ts'
import { assembleModel, type Role } from '../library/assemble.ts'
import { BaseModel, type BaseModelFacts } from '../library/base-model.ts'
import { exportedFacts, exportedFamily, exportedPrograms, fileName } from '../library/exported.ts'
import type { SettledImage } from '../library/sample-options.ts'
import type { Family } from '../sampling/family.ts'
import { type Programs, programCache } from '../sampling/programs.ts'
import { chooseDevice } from './device.ts'
import { Downloads } from './downloads.ts'
import { checkpointFacts, embeddedHints } from './facts.ts'
import type { LoadProgress, OpenParams } from './protocol.ts'
import { checkAnswer, type KnownAnswer, makeAnswer, readAnswer } from './self-test.ts'
import { type ModelSource, runtimeBinary } from './source.ts'

export type WorkerModel = BaseModel<SettledImage>

export interface OpenedModel {
  model: WorkerModel
  facts: BaseModelFacts
  device: WebDevice
  threads: number
  notes: string[]
}

/** Facts of a model before an engine runs it. */
interface Networks {
  family: Family
  facts: BaseModelFacts
  programs(engine: WebEngine): Programs
}

type Report = (event: LoadProgress) => void

export async function openModel(params: OpenParams, report: Report, signal: AbortSignal): Promise<OpenedModel> {
  const { source } = params
  const choice = await chooseDevice(params.device, { threads: params.threads, dtype: source.config?.dtype })
  const notes: string[] = []
  const note = (text: string) => {
    notes.push(text)
    report({ type: 'note', text })
  }
  choice.notes.forEach(note)

  const downloads = new Downloads({ signal, cache: params.cache, report, note })
  const { files, binary, answer } = await fetchAll(params, choice.device, downloads, note)

  const attempt = async (device: WebDevice, bytes: Uint8Array | undefined): Promise<OpenedModel> => {
    const networks = await openNetworks(source, files, device)
    report({ type: 'open', what: 'networks' })
    const { threads } = choice
    const runtime = await openRuntime({ device, threads, folder: params.runtime, binary: bytes })
    const engine = new WebEngine({ runtime, device, threads, reason: 'chosen when the model was loaded', files })
    try {
      const programs = networks.programs(engine)
      await test(networks, engine, programs, answer, { report, note, signal })
      const { facts, family } = networks
      const model = new BaseModel(facts, { family, programs, close: async () => {} }, engine, (image) => image)
      return { model, facts, device, threads, notes }
    } catch (error) {
      await engine.dispose().catch(() => {})
      throw error
    }
  }

  if (choice.device === 'wasm') return attempt('wasm', binary)
  try {
    return await attempt('webgpu', binary)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof DistilledError && !(error instanceof EngineError)) throw error // no device would help
    note(`WebGPU is not used, as it does not compute this model as it should: ${(error as Error).message}`)
    return attempt('wasm', await fetchBinary(params, 'wasm', downloads))
  }
}

/** Everything that has to be downloaded, at the same time. */
async function fetchAll(params: OpenParams, device: WebDevice, downloads: Downloads, note: (text: string) => void) {
  const { source } = params
  const wanted = Object.entries(source.files).map(async ([name, file]): Promise<[string, Uint8Array]> => {
    return [source.config ? fileName(name) : name, await downloads.get(name, file)]
  })
  const [contents, binary, answer] = await Promise.all([
    Promise.all(wanted),
    fetchBinary(params, device, downloads),
    fetchAnswer(source, downloads, note),
  ]).catch((error) => {
    downloads.stop() // without this file there is no model: the other downloads are stopped
    throw error
  })
  return { files: new Map(contents), binary, answer }
}

function fetchBinary({ runtime }: OpenParams, device: WebDevice, downloads: Downloads) {
  if (runtime === undefined) return undefined
  const file = runtimeBinary(device, runtime)
  return downloads.get(file.url.split('/').at(-1)!, file)
}

/** A model without its known answer can still be used: it is compared with the processor, or not tested. */
async function fetchAnswer(source: ModelSource, downloads: Downloads, note: (text: string) => void) {
  const { answer, config } = source
  if (!answer) return undefined
  try {
    return await readAnswer(
      answer.what,
      await downloads.get('known answer', answer),
      config?.known_answer.mean_levels_within,
    )
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error
    note(`The known answer is missing: ${error.message}`)
    return undefined
  }
}

interface TestOptions {
  report: Report
  note(text: string): void
  signal: AbortSignal
}

async function test(
  { family, facts, programs: programsOf }: Networks,
  engine: WebEngine,
  programs: Programs,
  known: KnownAnswer | undefined,
  { report, note, signal }: TestOptions,
): Promise<void> {
  const preset = facts.presets.find(({ steps }) => steps === 1)
  const split = preset?.split ?? Math.floor(family.groups.length / 2)
  const plan = { kind: 'student', timesteps: [0], split } as const
  if (!family.student) {
    if (engine.device === 'webgpu') note('Not tested: a teacher alone has no known answer.')
    return
  }
  if (!known && engine.device === 'wasm') return
  report({ type: 'open', what: 'self-test' })
  const answer = known ?? (await reference())
  await checkAnswer(family, programs, plan, answer, signal)

  /** The same build of ONNX Runtime computes on the processor, too. */
  async function reference(): Promise<KnownAnswer> {
    const processor = engine.on('wasm')
    return makeAnswer(family, programsOf(processor), plan, signal).finally(() => processor.dispose())
  }
}

async function openNetworks(
  source: ModelSource,
  files: ReadonlyMap<string, Uint8Array>,
  device: WebDevice,
): Promise<Networks> {
  const { config } = source
  if (config) {
    const family = exportedFamily(config)
    return {
      family,
      facts: exportedFacts(config),
      programs: (engine) =>
        exportedPrograms(config, (file, weights, options) =>
          engine.loadFile(fileName(file), { ...options, weights: weights.map(fileName) }),
        ),
    }
  }
  const checkpoints: Partial<Record<Role, Checkpoint>> = {}
  for (const [role, name] of Object.entries(source.roles ?? {})) {
    // The path is what graphs call the file; errors call it by what it is
    const from = bufferSource(source.files[name]!.url, files.get(name)!)
    checkpoints[role as Role] = await openCheckpoint({ ...from, path: name })
  }
  // Tiled convolutions are two or three times as fast in WebAssembly; on a GPU, plain ones are faster
  const plain = device === 'webgpu'
  const assembled = assembleModel(checkpoints, { hints: embeddedHints(source.name), differentiable: plain })
  return {
    family: assembled.family,
    facts: await checkpointFacts(source.name, assembled),
    programs: (engine) => programCache(engine),
  }
}
