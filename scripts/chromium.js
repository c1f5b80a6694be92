// Finds Chromium, or a browser built on it, on Linux, macOS and Windows. Everything here that drives a browser starts it with
// `launchChromium`.

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'

const commands = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge']

/** @type {Partial<Record<NodeJS.Platform, string[]>>} Paths below the folders that hold programs. */
const programs = {
  darwin: [
    'Chromium.app/Contents/MacOS/Chromium',
    'Google Chrome.app/Contents/MacOS/Google Chrome',
    'Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: [
    'Chromium\\Application\\chrome.exe',
    'Google\\Chrome\\Application\\chrome.exe',
    'Microsoft\\Edge\\Application\\msedge.exe',
  ],
}

/** @param {NodeJS.ProcessEnv} env */
const foldersOf = (env) => ({
  darwin: ['/Applications', join(env.HOME ?? '', 'Applications')],
  win32: [env.ProgramFiles, env['ProgramFiles(x86)'], env.LOCALAPPDATA].filter((folder) => folder !== undefined),
})

/**
 * Path of the browser: `CHROMIUM_PATH` if it is set, else one that is installed, else the one that
 * `npx playwright-core install chromium` fetched; undefined if there is none.
 * @param {{ platform?: NodeJS.Platform, env?: NodeJS.ProcessEnv, exists?: (path: string) => boolean, downloaded?: () => string }} [machine]
 * @returns {string | undefined}
 * @throws when `CHROMIUM_PATH` names a file that does not exist
 */
export function findChromium({
  platform = process.platform,
  env = process.env,
  exists = existsSync,
  downloaded = () => createRequire(import.meta.url)('playwright-core').chromium.executablePath(),
} = {}) {
  const named = env.CHROMIUM_PATH
  if (named && !exists(named)) throw new Error(`CHROMIUM_PATH is ${named}, and there is no such file.`)
  const onPath = (env.PATH ?? '').split(delimiter).flatMap((folder) => commands.map((name) => join(folder, name)))
  const folders = platform === 'darwin' || platform === 'win32' ? foldersOf(env)[platform] : []
  const installed = folders.flatMap((folder) => (programs[platform] ?? []).map((path) => join(folder, path)))
  return named || [...(platform === 'win32' ? [] : onPath), ...installed, downloaded()].find(exists)
}

/**
 * A headless browser that makes no connection of its own accord.
 * @param {...string} flags of Chromium's command line
 */
export async function launchChromium(...flags) {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('No Chromium was found: CONTRIBUTING.md says how to install it.')
  const { chromium } = await import('playwright-core')
  const quiet = ['--headless', '--no-sandbox', '--disable-quic', '--no-first-run']
  const silent = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
  return chromium.launch({ executablePath, args: [...quiet, ...silent, ...flags] })
}
