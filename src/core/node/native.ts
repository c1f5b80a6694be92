// Native code that is not there, or is for another machine, in one sentence instead of a loader's stack.
import { EngineError } from '../errors.ts'

export interface Machine {
  platform: string
  arch: string
  /** Linux whose C library is musl, such as Alpine. */
  musl: boolean
}

/** This machine; asked for when something has failed already. */
export function thisMachine(): Machine {
  const { platform, arch } = process
  if (platform !== 'linux') return { platform, arch, musl: false }
  Object.assign(process.report, { excludeNetwork: true }) // it would look up names
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return { platform, arch, musl: header?.glibcVersionRuntime === undefined }
}

const names: Readonly<Record<string, string>> = { darwin: 'macOS', win32: 'Windows', linux: 'Linux' }
const again =
  'Install the packages on this machine, npm ci --ignore-scripts: node_modules of another system do not work here.'
const elsewhere = 'Run it in a Linux container with glibc, or in a page (docs/WEB.md).'

/** What a package has builds for. */
interface NativePackage {
  name: string
  builds: readonly string[]
  musl: boolean
}

export const onnxRuntime: NativePackage = {
  name: 'ONNX Runtime',
  builds: ['linux x64', 'linux arm64', 'darwin arm64', 'win32 x64', 'win32 arm64'],
  musl: false,
}

export const sharpPackage: NativePackage = {
  name: 'sharp, which reads and writes images,',
  builds: [
    ...onnxRuntime.builds,
    'darwin x64',
    'linux arm',
    'linux s390x',
    'linux ppc64',
    'linux riscv64',
    'win32 ia32',
  ],
  musl: true,
}

/**
 * The error for a package whose native code did not load.
 * @example
 * const machine = { platform: 'darwin', arch: 'x64', musl: false }
 * nativeError(onnxRuntime, new Error('Cannot find module'), machine).finding // 'ONNX Runtime has no build for macOS x64.'
 */
export function nativeError({ name, builds, musl }: NativePackage, cause: unknown, machine: Machine): EngineError {
  const { platform, arch } = machine
  const system = `${names[platform] ?? platform} ${arch}`
  if (machine.musl && !musl) {
    return new EngineError(`${name} has no build for Linux with musl, such as Alpine.`, {
      remedy: 'Take an image with glibc, such as node:22-slim, or run it in a page (docs/WEB.md).',
      cause,
    })
  }
  if (!builds.includes(`${platform} ${arch}`))
    return new EngineError(`${name} has no build for ${system}.`, { remedy: elsewhere, cause })
  const [first = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
  const words = first.trim().replace(/[.:]$/, '').slice(0, 300)
  return new EngineError(`${name} is installed without its file for ${system}, or it does not load: ${words}.`, {
    remedy: again,
    cause,
  })
}
