#!/usr/bin/env node
// The `distilled` command. Installed, the built CLI lies in dist/; in a clone it is built first whenever it is missing
// or older than the sources. Types are checked by `npm test`, not here.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const entry = join(root, 'dist', 'cli', 'main.js')

/** The newest change below a folder; a deleted file shows in its folder's own time. */
function newest(/** @type {string} */ folder) {
  let time = statSync(folder).mtimeMs
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, item.name)
    time = Math.max(time, item.isDirectory() ? newest(path) : statSync(path).mtimeMs)
  }
  return time
}

function needsBuild() {
  const sources = join(root, 'src')
  if (!existsSync(sources)) return false
  return !existsSync(entry) || newest(sources) > statSync(entry).mtimeMs
}

/** Builds beside dist/ and swaps, so that whoever runs from dist/ meanwhile never sees half of it. */
function build() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  if (!existsSync(compiler)) fail('the TypeScript compiler is not installed; run `npm ci` in this folder first.')
  process.stderr.write('building distilled ...\n')
  const fresh = join(root, `dist.${process.pid}.tmp`)
  const old = `${fresh}.old.tmp`
  const args = [compiler, '-p', join(root, 'tsconfig.build.json'), '--noCheck', '--outDir', fresh]
  const { status, error } = spawnSync(process.execPath, args, { stdio: ['ignore', 2, 2] })
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true })
    fail(`the build failed${error ? ` (${error.message})` : ''}.`)
  }
  try {
    if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old)
    renameSync(fresh, join(root, 'dist'))
  } catch (error) {
    if (needsBuild()) throw error // otherwise another process built at the same time
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true })
  }
}

/** @returns {never} */
function fail(/** @type {string} */ message) {
  process.stderr.write(`error: ${message}\n`)
  process.exit(1)
}

if (needsBuild()) build()
const { main } = await import(new URL('../dist/cli/main.js', import.meta.url).href)
await main()
