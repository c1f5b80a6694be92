// Compiles src/ into dist/ when a source is newer than the last build, and bundles what a page loads into dist/browser/. All of it
// is written beside dist/ and the folder is swapped in whole, so that a process that runs from dist/ never meets half a build.
// Types are checked by `npm test`. Plain JavaScript without dependencies: npm scripts and the tests' child processes start here.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const configs = ['tsconfig.json', 'tsconfig.build.json'].map((name) => join(root, name))

/** @param {string} folder @returns {string[]} every path below, folders included: a deleted file touches its folder */
const below = (folder) => [
  folder,
  ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
]

/** Whether dist/ is at least as new as everything it is made from. */
export function isBuilt() {
  const entry = statSync(join(dist, 'index.js'), { throwIfNoEntry: false })
  if (!entry) return false
  return [...configs, ...below(join(root, 'src'))].every((path) => {
    const source = statSync(path, { throwIfNoEntry: false })
    return source !== undefined && source.mtimeMs <= entry.mtimeMs
  })
}

/** Builds when needed; throws with the compiler's words when that fails. */
export function build() {
  if (isBuilt()) return
  const started = new Date()
  const fresh = join(root, `dist.${process.pid}.tmp`)
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  if (!existsSync(compiler))
    throw new Error('The TypeScript compiler is not installed: run `npm ci --ignore-scripts` first.')
  const args = [compiler, '-p', join(root, 'tsconfig.build.json'), '--noCheck', '--outDir', fresh]
  const after = ['bundle.js', 'cjs-types.js'].map((script) => [join(root, 'scripts', script), fresh])
  for (const step of [args, ...after]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, step, { cwd: root, encoding: 'utf8' })
    if (status === 0) continue
    rmSync(fresh, { recursive: true, force: true })
    throw new Error(`The build failed:\n${stdout}${stderr}`)
  }
  utimesSync(join(fresh, 'index.js'), started, started) // what changed while the compiler ran is newer than that
  swapIn(fresh)
}

/** @param {string} fresh becomes dist/, unless another process is doing the same */
function swapIn(fresh) {
  const old = `${fresh}.old.tmp`
  try {
    if (existsSync(dist)) renameSync(dist, old)
    renameSync(fresh, dist)
    if (existsSync(join(old, 'app'))) renameSync(join(old, 'app'), join(dist, 'app')) // build-web.js knows whether it is old
  } catch (error) {
    if (!isBuilt()) throw error
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true })
  }
}

/** vitest's globalSetup calls the default export: child processes of the tests run from dist/. */
export default build

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  build()
  const { buildWeb } = await import('./build-web.js')
  await buildWeb()
}
