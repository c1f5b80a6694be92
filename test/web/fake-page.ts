// Pages with the fake backend for tests of one view: built once by Vite, served under the app's Content-Security-Policy, opened in
// headless Chromium. Whatever a page complains about is kept.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { launch } from './app.ts'
import type { FakeControls } from './fake-backend.ts'

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'"

export interface OpenOptions {
  width?: number
  reducedMotion?: 'reduce' | 'no-preference'
  colorScheme?: 'light' | 'dark'
  /** What the fake is from its first ask on. */
  fake?: Partial<FakeControls>
}

export interface FakeSite {
  /** A page at this hash, in a browser window of its own. */
  open(hash: string, options?: OpenOptions): Promise<Page>
  /** Errors of all pages so far: exceptions, console, violations of the policy, failed requests. */
  complaints: string[]
  close(): Promise<void>
}

export async function fakeSite(): Promise<FakeSite> {
  const browser = await launch()
  const files = await built()
  const server = createServer((request, response) => {
    const path = request.url === '/' ? 'index.html' : (request.url ?? '').slice(1)
    const file = files.get(path)
    const type = path.endsWith('.js') ? 'text/javascript' : path.endsWith('.css') ? 'text/css' : 'text/html'
    response.writeHead(file === undefined ? 404 : 200, { 'Content-Type': type, 'Content-Security-Policy': policy })
    response.end(file)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const complaints: string[] = []
  return {
    complaints,
    async open(hash, { width = 1280, reducedMotion = 'reduce', colorScheme = 'light', fake = {} } = {}) {
      const page = await browser.newPage({ viewport: { width, height: 900 }, reducedMotion, colorScheme })
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      // A picture that is replaced while the browser decodes it is a failed request to nobody.
      page.on('requestfailed', (request) => request.url().startsWith('blob:') || complaints.push(request.url()))
      await page.addInitScript((setup) => Object.assign(globalThis, { fakeSetup: setup }), fake)
      await page.goto(address + hash)
      return page
    },
    async close() {
      await browser.close()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The page's files by name. */
async function built(): Promise<Map<string, string | Uint8Array>> {
  const { build } = await import('vite')
  const output = await build({
    root: fileURLToPath(new URL('./fake/', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: { write: false, minify: false, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  })
  const [first] = [output].flat()
  if (!first || !('output' in first)) throw new Error('Vite gave no files.')
  return new Map(first.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]))
}

/** What the page's fake has counted. */
export const counted = (page: Page) =>
  page.evaluate(() => {
    const { asks, finished, aborted } = (globalThis as unknown as { fake: FakeControls }).fake
    return { asks, finished, aborted }
  })

/** Turns the page's fake. */
export const turn = (page: Page, change: Partial<FakeControls>) =>
  page.evaluate((part) => void Object.assign((globalThis as unknown as { fake: FakeControls }).fake, part), change)

/** Whether something is wider than the window. */
export const overflows = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)

/** Names of what Tab reaches, from the top of the page to its end. */
export async function focusOrder(page: Page): Promise<string[]> {
  const names: string[] = []
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
  for (let i = 0; i < 100; i++) {
    await page.keyboard.press('Tab')
    const name = await page.evaluate(() => {
      const element = document.activeElement
      if (!element || element === document.body) return ''
      const labels = [...((element as HTMLInputElement).labels ?? [])].map((label) => label.textContent)
      const text = element.getAttribute('aria-label') ?? (labels.join(' ') || element.textContent)
      return text?.replaceAll(/\s+/g, ' ').trim() || element.tagName
    })
    if (name === '' || (i > 0 && name === names[0])) return names
    names.push(name)
  }
  throw new Error(`Tab does not come to an end: ${names.join(', ')}`)
}
