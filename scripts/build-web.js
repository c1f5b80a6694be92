// Builds web/ into dist/app when a source is newer than the last build; the app runs the package's own code, so src/ counts, too.
// The folder is swapped in whole. Without Vite (an installation without the tools of development) there is just no app.

import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const out = join(root, 'dist', 'app')
const config = join(root, 'web', 'vite.config.ts')

/** @param {string} folder @returns {string[]} every path below, folders included: a deleted file touches its folder */
const below = (folder) => [
  folder,
  ...readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.endsWith('.test.ts'))
    .map((name) => join(folder, name)),
]

/** Whether dist/app is at least as new as everything it is made from. */
export function isWebBuilt() {
  const page = statSync(join(out, 'index.html'), { throwIfNoEntry: false })
  if (!page) return false
  return [...below(join(root, 'web')), ...below(join(root, 'src'))].every((path) => {
    const source = statSync(path, { throwIfNoEntry: false })
    return source !== undefined && source.mtimeMs <= page.mtimeMs
  })
}

/** Builds when needed and possible; throws with Vite's words when that fails. */
export async function buildWeb() {
  if (!existsSync(join(root, 'node_modules', 'vite')) || isWebBuilt()) return
  const { build } = await import('vite')
  const started = new Date()
  const fresh = join(root, `dist-web.${process.pid}.tmp`)
  const { NODE_ENV } = process.env
  process.env.NODE_ENV = 'production' // a test runner says "test", and Vite would believe it
  try {
    await build({ configFile: config, logLevel: 'error', build: { outDir: fresh } })
    utimesSync(join(fresh, 'index.html'), started, started) // what changed meanwhile is newer than that
    swapIn(fresh)
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = NODE_ENV
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** @param {string} fresh becomes dist/app, unless another process is doing the same */
function swapIn(fresh) {
  const old = `${fresh}.old.tmp`
  try {
    if (existsSync(out)) renameSync(out, old)
    renameSync(fresh, out)
  } catch (error) {
    if (!isWebBuilt()) throw error
  } finally {
    rmSync(old, { recursive: true, force: true })
  }
}

/** vitest's globalSetup calls the default export. */
export default buildWeb

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await buildWeb()
