// Installs what package-lock.json lists and node_modules lacks, so that a fresh clone needs no step before
// `npm start` and `npm test`. Install scripts stay off: no dependency needs one, and none downloads anything.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './build.js'

/** @param {string} path @returns {any} */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'))
  } catch {
    return undefined
  }
}

/** Packages of the lock file that are missing or of another version; what is optional here may be missing. */
export function missingPackages() {
  /** @type {Record<string, {version: string, optional?: boolean, devOptional?: boolean}>} */
  const packages = readJson('package-lock.json').packages
  return Object.entries(packages)
    .filter(([path, entry]) => path && !entry.optional && !entry.devOptional)
    .filter(([path, entry]) => readJson(join(path, 'package.json'))?.version !== entry.version)
    .map(([path]) => path)
}

/** Runs `npm ci` when something is missing. */
export function install() {
  const missing = missingPackages()
  if (missing.length === 0) return
  console.log(`Installing dependencies (${missing.length} missing) ...`)
  const npm = process.env.npm_execpath
  const [command, first] = npm ? [process.execPath, [npm]] : ['npm', []]
  const { status } = spawnSync(
    command,
    [...first, 'ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell: !npm && process.platform === 'win32' },
  )
  if (status !== 0) throw new Error('npm ci failed; its words are above.')
}
