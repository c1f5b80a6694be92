// What some tests need beyond Node and the packages. On a machine without it they are left out, and the end of `npm test` says
// how many and why (scripts/tally-reporter.js). Only this file leaves tests out, and CONTRIBUTING.md has every requirement.
import { spawnSync } from 'node:child_process'
import { describe, it, type TestContext, type TestOptions } from 'vitest'
import { findChromium } from '../scripts/chromium.js'
import { smallDisk } from './small-disk.ts'

declare module 'vitest' {
  interface TaskMeta {
    needs?: string
  }
}

export interface Requirement {
  /** As the table of CONTRIBUTING.md calls it. */
  readonly name: string
  readonly met: boolean
}

function requirement(name: string, check: () => boolean): Requirement {
  let met: boolean | undefined
  return {
    name,
    get met() {
      met ??= check()
      return met
    },
  }
}

const runs = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0
/** Continuous integration runs the tests that need Chromium or MPI in any case: without them it fails. */
const insisted = Boolean(process.env.CI)

export const chromium: Requirement = requirement('Chromium', () => insisted || findChromium() !== undefined)
export const openMpi: Requirement = requirement('Open MPI', () => insisted || runs('mpirun', '--version'))
export const openssl: Requirement = requirement('openssl', () => runs('openssl', 'version'))
export const infoZip: Requirement = requirement('unzip', () => runs('unzip', '-v'))
export const strace: Requirement = requirement('strace', () => runs('strace', '-f', '-o', '/dev/null', 'true'))
export const linux: Requirement = requirement('Linux', () => process.platform === 'linux')
/** Signals, permissions, symbolic links and FIFOs. */
export const posix: Requirement = requirement('Linux or macOS', () => process.platform !== 'win32')
/** WebGPU in software. Only the running browser knows whether it has it: `leaveOut`. */
export const swiftShader: Requirement = requirement('SwiftShader', () => true)

/** A file system of a megabyte. */
export const mountedDisk: Requirement = requirement('a disk mounted by root', () => {
  const disk = smallDisk()
  if (!disk) return false
  disk.remove()
  return true
})

/** vitest's `describe`, whose tests are left out where the requirement is not met. */
export const describeWith = ({ name: needs, met }: Requirement) => {
  return (name: string, tests: () => void): void => void describe.skipIf(!met)(name, { meta: { needs } }, tests)
}

/** vitest's `it`, which is left out where the requirement is not met. */
export const itWith = ({ name: needs, met }: Requirement, options: TestOptions = {}) => {
  return (name: string, test: (context: TestContext) => unknown): void =>
    it.skipIf(!met)(name, { ...options, meta: { needs } }, test)
}

/** Leaves out the running test, which has found that a requirement is not met. */
export const leaveOut = ({ skip }: TestContext, { name }: Requirement): never => skip(name)
