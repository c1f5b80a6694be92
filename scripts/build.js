// Compiles src/ into dist/ when a source is newer than the last build. The compiler writes beside dist/ and the folder
// is swapped in whole, so that a process that runs from dist/ never meets half a build.
// Plain JavaScript without dependencies: npm scripts, bin/distilled.js in a clone and the tests all start here.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const stamp = join(dist, '.built')
const configs = ['package.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) => join(root, name))

/** @param {string} folder @returns {string[]} every path below, folders included: a deleted file touches its folder */
const below = (folder) => [
  folder,
  ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
]

/** Whether dist/ is at least as new as everything it is made from. */
export function isBuilt() {
  if (!existsSync(stamp)) return false
  const built = statSync(stamp).mtimeMs
  return [...configs, ...below(join(root, 'src'))].every((path) => {
    const source = statSync(path, { throwIfNoEntry: false })
    return source !== undefined && source.mtimeMs <= built
  })
}

/** Builds when needed; throws with the compiler's words when a source does not compile. */
export function build() {
  if (isBuilt()) return
  const started = new Date()
  const temporary = join(root, `dist.${process.pid}.tmp`)
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', temporary]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) {
    rmSync(temporary, { recursive: true, force: true })
    throw new Error(`The build failed:\n${stdout}${stderr}`)
  }
  writeFileSync(join(temporary, '.built'), '')
  utimesSync(join(temporary, '.built'), started, started) // what changes while the compiler runs is newer than that
  swapIn(temporary)
}

/** @param {string} folder becomes dist/; another process may be doing the same */
function swapIn(folder) {
  for (let attempt = 1; ; attempt++) {
    rmSync(dist, { recursive: true, force: true })
    try {
      return renameSync(folder, dist)
    } catch (error) {
      if (attempt === 3) throw error
    }
  }
}

/** vitest's globalSetup calls the default export: child processes of the tests run from dist/. */
export default build

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) build()
