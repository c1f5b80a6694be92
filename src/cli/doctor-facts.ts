// What a machine has for this package, found by trying: every device of ONNX Runtime, the embedded models against their known
// answers, the hub over the network. Nothing that is secret is in it: no tokens, no passwords of proxies, no name of a home folder.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile, statfs } from 'node:fs/promises'
import { availableParallelism, cpus, freemem, homedir, release, tmpdir, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DistilledError } from '../core/errors.ts'
import { createEngine, runtimeVersion } from '../engine/node/engine.ts'
import { type Device, devices } from '../engine/types.ts'
import { load } from '../library/node/load.ts'
import { version } from '../library/node/version.ts'
import { programCache } from '../sampling/programs.ts'
import { checkAnswer, readAnswer } from '../web/self-test.ts'
import { embedded } from '../zoo/embedded.ts'
import { hubSettings, locate } from '../zoo/node/cache.ts'
import { hubCache, type Kept, removable } from './kept-folders.ts'

const hubPatienceMs = 5000

/** How a device that does not work here is had; the CPU always is. */
const ways: Readonly<Record<Exclude<Device, 'auto' | 'cpu'>, string>> = {
  cuda: 'Linux x64 with an NVIDIA driver, CUDA 12 and cuDNN 9, and the libraries of ONNX Runtime that its install script fetches: npm rebuild onnxruntime-node (without --ignore-scripts)',
  webgpu:
    'a GPU with a Vulkan (Linux), Metal (macOS) or Direct3D 12 (Windows) driver; a container must be given the GPU',
  coreml: 'macOS',
  dml: 'Windows with a Direct3D 12 driver',
}

export type Facts = Awaited<ReturnType<typeof gatherFacts>>

export async function gatherFacts(signal: AbortSignal) {
  const { node } = process.versions
  const tested = await testDevices(signal)
  return {
    package: version(),
    node: { version: node, executable: home(process.execPath) },
    platform: { system: process.platform, release: release(), arch: process.arch, libc: libc() },
    processor: { model: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, ...threads() },
    memory: memory(),
    runtime: { version: runtimeVersion, devices: tested },
    models: await selfTests(signal),
    folders: await folders(),
    hub: await hub(signal),
  }
}

/** A path with ~ in place of the home folder, whose name is often a person's. */
const home = (path: string): string =>
  path === homedir() || path.startsWith(`${homedir()}/`) ? `~${path.slice(homedir().length)}` : path

const withoutHome = (text: string): string => text.replaceAll(homedir(), '~')

function libc(): string {
  if (process.platform !== 'linux') return 'the system’s'
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime ? `glibc ${header.glibcVersionRuntime}` : 'musl'
}

/** A container's share of the processors, where cgroups limit it. */
function threads() {
  const [quota, period] = cgroup('cpu.max')?.split(' ') ?? []
  const limit = quota !== undefined && quota !== 'max' ? Number(quota) / Number(period) : null
  return { available: availableParallelism(), cgroupLimit: limit }
}

function memory() {
  const limit = cgroup('memory.max')
  return {
    total: totalmem(),
    free: freemem(),
    cgroupLimit: limit !== undefined && limit !== 'max' ? Number(limit) : null,
  }
}

/** A file of this process's own cgroup (v2), or of the root that a container sees. */
function cgroup(file: string): string | undefined {
  const own = text('/proc/self/cgroup')?.match(/^0::(.*)$/m)?.[1] ?? ''
  return text(`/sys/fs/cgroup${own}/${file}`) ?? text(`/sys/fs/cgroup/${file}`)
}

function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

interface DeviceFact {
  name: string
  works: boolean
  /** Why not, and how to get it. */
  reason: string | null
  how: string | null
}

/** Whether a device works in this process. */
export async function deviceFact(name: Device): Promise<DeviceFact> {
  try {
    await (await createEngine({ device: name })).dispose()
    return { name, works: true, reason: null, how: null }
  } catch (error) {
    return fails(name, withoutHome(firstLine(error)))
  }
}

const fails = (name: Device, reason: string): DeviceFact => ({
  name,
  works: false,
  reason,
  how: name === 'cpu' || name === 'auto' ? null : ways[name],
})

/** Drivers of GPUs write to standard error, and may end the process: each is tried in one of its own, which nobody hears. */
async function testDevices(signal: AbortSignal): Promise<DeviceFact[]> {
  const bin = fileURLToPath(new URL('../../bin/distilled.js', import.meta.url))
  const tried = async (name: Device): Promise<DeviceFact> => {
    if (name === 'cpu') return deviceFact(name)
    const child = spawn(process.execPath, [bin, 'doctor', '--try', name], {
      stdio: ['ignore', 'pipe', 'ignore'],
      signal,
    })
    const ended = once(child, 'close')
    const [text, [code, killedBy]] = await Promise.all([child.stdout.toArray(), ended])
    if (code === 0) return JSON.parse(Buffer.concat(text).toString())
    return fails(name, `the process that tried it ended with ${killedBy ?? `exit code ${code}`}.`)
  }
  const facts = await Promise.all(devices.flatMap((name) => (name === 'auto' ? [] : [tried(name)])))
  signal.throwIfAborted()
  return facts
}

/** What failed, without the remedy, which is shown beside it. */
function firstLine(error: unknown): string {
  const text = error instanceof DistilledError ? error.finding : error instanceof Error ? error.message : String(error)
  return text
    .split('\n')[0]!
    .replace(/^Device "\w+" does not work here: /, '')
    .slice(0, 300)
}

async function selfTests(signal: AbortSignal) {
  const facts: { name: string; ok: boolean; seconds: number; reason: string | null }[] = []
  for (const entry of embedded) {
    if (entry.kind !== 'student') continue
    signal.throwIfAborted()
    const started = performance.now()
    let reason: string | null = null
    try {
      const path = locate(entry)?.replace(/\.safetensors$/, '.known-answer.safetensors')
      if (path === undefined) throw new Error('its file is not in the package')
      const answer = await readAnswer(path, await readFile(path))
      await using model = await load(entry.name, { device: 'cpu', signal })
      await checkAnswer(model.family, programCache(model.engine), model.plan({ steps: 1 }), answer, signal)
    } catch (error) {
      signal.throwIfAborted()
      reason = withoutHome(firstLine(error))
    }
    facts.push({ name: entry.name, ok: reason === null, seconds: (performance.now() - started) / 1000, reason })
  }
  return facts
}

async function folders() {
  const ours = (await removable()).map(({ paths: _, ...kept }) => kept)
  const temporary = { what: 'temporary files', folder: tmpdir() }
  const all: (Partial<Kept> & { what: string; folder: string })[] = [await hubCache(), ...ours, temporary]
  return Promise.all(all.map(async (one) => ({ ...one, folder: home(one.folder), free: await freeAt(one.folder) })))
}

/** Bytes that can be written to a folder, or to the one that it would be made in. */
async function freeAt(folder: string): Promise<number | null> {
  const found = await statfs(folder).catch(() => undefined)
  if (found) return found.bavail * found.bsize
  return dirname(folder) === folder ? null : freeAt(dirname(folder))
}

async function hub(signal: AbortSignal) {
  const { endpoint, offline, token } = hubSettings()
  const proxies = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'NO_PROXY', 'no_proxy']
  const set = proxies.flatMap((name) => (process.env[name] ? [`${name}=${withoutSecrets(process.env[name])}`] : []))
  return {
    endpoint: withoutSecrets(endpoint),
    offline,
    token: token === undefined ? 'not set' : 'set',
    proxies: set,
    nodeUsesProxies: process.env.NODE_USE_ENV_PROXY === '1',
    ...(offline ? { reachable: null, answer: 'not tried: HF_HUB_OFFLINE is set' } : await reach(endpoint, signal)),
  }
}

/** Without a user's name and password in an address. */
const withoutSecrets = (address: string): string => address.replace(/\/\/[^/@]*@/, '//...@')

async function reach(endpoint: string, signal: AbortSignal): Promise<{ reachable: boolean; answer: string }> {
  const started = performance.now()
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(hubPatienceMs)])
    const { status } = await fetch(endpoint, { method: 'HEAD', redirect: 'manual', signal: limit })
    return { reachable: true, answer: `HTTP ${status} after ${Math.round(performance.now() - started)} ms` }
  } catch (error) {
    signal.throwIfAborted()
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    return { reachable: false, answer: isLate ? `no answer in ${hubPatienceMs / 1000} s` : firstLine(cause) }
  }
}
