// The web app as a person has it: `distilled serve` from this clone, and headless Chromium on its address. Everything the browser
// complains of (script errors, CSP violations, failed or foreign requests) is collected, and tests end with none.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'
import { launchChromium } from '../../scripts/chromium.js'

/** Machines may be busy; a wait that succeeds takes milliseconds. */
export const patience = { timeout: 30_000, interval: 20 }

const bin = fileURLToPath(new URL('../../bin/distilled.js', import.meta.url))

export interface Served {
  url: string
  process: ChildProcess
}

/** `distilled serve` on a free port, with one thread: more of them wait for each other on a busy machine. */
export async function serveApp(...flags: string[]): Promise<Served> {
  const command = [bin, 'serve', '--port', '0', '--quiet', '--threads', '1', '--device', 'cpu', ...flags]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = String((await once(child.stdout!, 'data'))[0]).trim()
  return { url, process: child }
}

export const launch = (): Promise<Browser> => launchChromium('--disable-gpu')

export interface Opened {
  page: Page
  /** What the browser complained of, foreign requests included. */
  complaints: string[]
}

/** A page of its own browser context (its own storage) on an address; motion is reduced unless a test wants it. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    acceptDownloads: true,
    ...options,
  })
  const page = await context.newPage()
  const complaints: string[] = []
  const { origin } = new URL(address)
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('request', (request) => {
    if (!new RegExp(`^(${origin}/|blob:|data:)`).test(request.url())) complaints.push(`foreign: ${request.url()}`)
  })
  await page.goto(address)
  return { page, complaints }
}

/** Waits until a selector's text fits. */
export const shows = (page: Page, selector: string, what: string | RegExp) =>
  expect
    .poll(
      () =>
        page
          .locator(selector)
          .first()
          .textContent({ timeout: 1000 })
          .catch(() => null),
      patience,
    )
    .toMatch(what)

export const press = async (page: Page, ...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key)
}

/** Settings of the address. */
export const settingsOf = (page: Page): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.split('?')[1]))
