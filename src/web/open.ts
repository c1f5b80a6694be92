// In the worker: from a source to a model that has proved itself. Files are fetched together, the networks open on the best
// device there is, and the known answer has to come out; where it does not, the processor takes over.

import { openCheckpoint } from '../checkpoint/checkpoint.ts'
import { bufferSource } from '../checkpoint/sources.ts'
import type { Checkpoint } from '../checkpoint/types.ts'
import { DownloadError, EngineError } from '../core/errors.ts'
import { WebEngine } from '../engine/web.ts'
import { openRuntime, type WebDevice } from '../engine/web-runtime.ts'
import type { SettledImage } from '../library/asked.ts'
import { assembleModel, type Role } from '../library/assemble.ts'
import { BaseModel, type BaseModelFacts } from '../library/base-model.ts'
import type { Family } from '../sampling/family.ts'
import { type Programs, programCache } from '../sampling/programs.ts'
import { chooseDevice } from './device.ts'
import { Downloads } from './downloads.ts'
import { exportedFamily, exportedPrograms, weightName } from './exported.ts'
import { checkpointFacts, embeddedHints, exportedFacts } from './facts.ts'
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

/** What is known of a model before an engine runs it. */
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

  const loader = new AbortController()
  const either = AbortSignal.any([signal, loader.signal])
  const downloads = new Downloads({ signal: either, cache: params.cache, report, note })
  const wanted = Object.entries(source.files).map(
    async ([name, file]) => [name, await downloads.get(name, file)] as const,
  )
  const binary = fetchBinary(params, choice.device, downloads)
  const answer = fetchAnswer(source, downloads, note)
  const everything = Promise.all([Promise.all(wanted), binary, answer])
  const [contents, runtimeBytes, known] = await everything.catch((error) => {
    loader.abort(error) // one file less is no model: the others need not come
    throw signal.aborted ? signal.reason : error
  })

  report({ type: 'open', what: 'networks' })
  const files = new Map(contents.map(([name, bytes]) => [source.config ? weightName(name) : name, bytes]))
  for (const [name, bytes] of contents) files.set(name, bytes)
  const networks = await openNetworks(source, files)
  const start = async (device: WebDevice, bytes: Uint8Array | undefined) => {
    const runtime = await openRuntime({ device, threads: choice.threads, folder: params.runtime, binary: bytes })
    return new WebEngine({ runtime, device, threads: choice.threads, reason: 'chosen when it was loaded', files })
  }

  const finish = (engine: WebEngine, programs: Programs): OpenedModel => ({
    model: new BaseModel(
      networks.facts,
      { family: networks.family, programs, close: async () => {} },
      engine,
      (i) => i,
    ),
    facts: networks.facts,
    device: engine.device,
    threads: choice.threads,
    notes,
  })

  if (choice.device === 'webgpu') {
    let engine: WebEngine | undefined
    try {
      engine = await start('webgpu', runtimeBytes)
      const programs = networks.programs(engine)
      await test(networks, engine, programs, known, { report, note, signal })
      return finish(engine, programs)
    } catch (error) {
      signal.throwIfAborted()
      note(`WebGPU does not compute this model as it should: ${(error as Error).message.replace(/\.$/, '')}: wasm.`)
      await engine?.dispose().catch(() => {})
    }
  }
  const engine = await start(
    'wasm',
    choice.device === 'wasm' ? runtimeBytes : await fetchBinary(params, 'wasm', downloads),
  )
  const programs = networks.programs(engine)
  await test(networks, engine, programs, known, { report, note, signal }).catch((error) => {
    signal.throwIfAborted()
    throw wrongNumbers(error)
  })
  return finish(engine, programs)
}

const wrongNumbers = (cause: unknown): unknown =>
  cause instanceof EngineError && cause.message.startsWith('its images')
    ? new EngineError(`This browser does not compute the model as it should: ${cause.message}.`, {
        cause,
        remedy: 'Update the browser; if ONNX Runtime is served by hand, see that all its files are of one version.',
      })
    : cause

function fetchBinary({ runtime }: OpenParams, device: WebDevice, downloads: Downloads) {
  if (runtime === undefined) return undefined
  const file = runtimeBinary(device, runtime)
  return downloads.get(file.url.split('/').at(-1)!, file)
}

/** A model without its known answer can be used all the same; it is compared with the processor, or not at all. */
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
    await using processor = engine.on('wasm')
    return makeAnswer(family, programsOf(processor), plan, signal)
  }
}

async function openNetworks(source: ModelSource, files: ReadonlyMap<string, Uint8Array>): Promise<Networks> {
  const { config } = source
  if (config) {
    const family = exportedFamily(config)
    return { family, facts: exportedFacts(config), programs: (engine) => exportedPrograms(config, engine) }
  }
  const checkpoints: Partial<Record<Role, Checkpoint>> = {}
  for (const [role, name] of Object.entries(source.roles ?? {})) {
    // The path is what graphs call the file; errors call it by what it is
    const from = bufferSource(source.files[name]!.url, files.get(name)!)
    checkpoints[role as Role] = await openCheckpoint({ ...from, path: name })
  }
  const assembled = assembleModel(checkpoints, { hints: embeddedHints(source.name) })
  return {
    family: assembled.family,
    facts: await checkpointFacts(source.name, assembled),
    programs: (engine) => programCache(engine),
  }
}
