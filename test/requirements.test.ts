// How tests find what they need, and what the end of `npm test` says of those that were left out.
import { delimiter } from 'node:path'
import { expect, it } from 'vitest'
import { findChromium } from '../scripts/chromium.js'
import { reasons } from '../scripts/tally-reporter.js'

/** A machine on which only the files that end in one of these texts exist. */
const machine = (platform: NodeJS.Platform, env: NodeJS.ProcessEnv, ...files: string[]) => ({
  platform,
  env,
  exists: (path: string) => files.some((file) => path.endsWith(file)),
  downloaded: () => '/cache/ms-playwright/chromium/chrome',
})

it('finds Chromium where each system has it', () => {
  const PATH = ['/usr/local/bin', '/snap/bin'].join(delimiter)
  expect(findChromium(machine('linux', { PATH }, 'bin/chromium'))).toMatch(/^.usr.local.bin.chromium$/)
  expect(findChromium(machine('linux', { PATH }, 'bin/google-chrome'))).toMatch(/google-chrome$/)
  expect(findChromium(machine('darwin', { PATH }, 'MacOS/Google Chrome'))).toMatch(/^.Applications.Google Chrome\.app/)
  const folders = { ProgramFiles: 'C:\\Programs', 'ProgramFiles(x86)': 'C:\\Programs86', LOCALAPPDATA: 'C:\\Local' }
  expect(findChromium(machine('win32', folders, 'Chrome\\Application\\chrome.exe'))).toMatch(/^C:\\Programs.Google/)
  expect(findChromium(machine('win32', folders, 'msedge.exe'))).toMatch(/^C:\\Programs.Microsoft/)
})

it('finds what playwright-core fetched, or nothing', () => {
  for (const platform of ['linux', 'darwin', 'win32', 'freebsd'] as const) {
    expect(findChromium(machine(platform, {}, 'ms-playwright/chromium/chrome'))).toContain('ms-playwright')
    expect(findChromium(machine(platform, {}))).toBeUndefined()
  }
})

it('takes CHROMIUM_PATH before all others, and refuses one that is not there', () => {
  const env = { PATH: '/usr/bin', CHROMIUM_PATH: '/opt/thorium' }
  expect(findChromium(machine('linux', env, '/opt/thorium', 'bin/chromium'))).toBe('/opt/thorium')
  expect(() => findChromium(machine('linux', env, 'bin/chromium'))).toThrow(
    'CHROMIUM_PATH is /opt/thorium, and there is no such file.',
  )
})

it('tests that were left out are counted by what they need', () => {
  const test = (state: string, needs?: string, note?: string) => ({
    result: () => ({ state, ...(note && { note }) }),
    meta: () => ({ ...(needs && { needs }) }),
  })
  const skipped = [test('skipped', 'Open MPI'), test('skipped', 'Chromium'), test('skipped', 'Chromium', 'SwiftShader')]
  expect(reasons([...skipped, test('skipped', 'Open MPI'), test('passed', 'Chromium'), test('skipped')])).toEqual([
    'Tests left out on this machine (CONTRIBUTING.md says what to install):',
    '  2 need Open MPI',
    '  1 need Chromium',
    '  1 need SwiftShader',
  ])
  expect(reasons([test('passed'), test('failed'), test('skipped')])).toEqual([])
})
