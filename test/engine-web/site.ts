// A site for the tests of pages: this repository's bundle, models and ONNX Runtime under one address, every request counted, and
// faults on demand. A browser of its own opens pages on it.
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../scripts/chromium.js'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** WebGPU on the processor (SwiftShader, which comes with the browser). */
const softwareGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']

/** A name that is not this machine's: what browsers call insecure without TLS. */
export const insecureHost = 'pages.test'

export async function openBrowser(gpu: 'none' | 'software' = 'none'): Promise<Browser> {
  const processor = gpu === 'none' ? ['--disable-gpu'] : softwareGpu
  return launchChromium(...processor, `--host-resolver-rules=MAP ${insecureHost} 127.0.0.1`)
}

/** The library as pages of the site have it. */
declare global {
  var distilled: typeof import('../../src/web/index.ts')
}

/** A new page with a storage of its own, in which `distilled` is there; what it complains about lands in `complaints`. */
export async function openPage(browser: Browser, url: string, complaints: string[] = []): Promise<Page> {
  const context = await browser.newContext()
  const page = await context.newPage()
  page.setDefaultTimeout(120_000)
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await page.goto(url)
  await page.waitForFunction(() => globalThis.distilled !== undefined)
  return page
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
}

const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
/** No inline script, nothing from elsewhere; WebAssembly is compiled, which is not eval. */
const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src 'self' blob:"

type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface Site {
  readonly url: string
  /** "GET /models/x.safetensors" and the like, in order. */
  readonly requests: string[]
  /** Answers an address in another way than with its file. */
  readonly faults: Map<string, Answer>
  /** Addresses below a prefix come from a folder. */
  mount(prefix: string, folder: string): void
  close(): Promise<void>
}

/** @param isolated whether pages may have threads */
export async function openSite({ isolated = true, csp = true } = {}): Promise<Site> {
  const folders = new Map([
    ['/lib/', join(root, 'dist', 'browser')],
    ['/models/', join(root, 'models')],
    ['/ort/', join(root, 'node_modules', 'onnxruntime-web', 'dist')],
  ])
  const requests: string[] = []
  const faults = new Map<string, Answer>()
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url!.split('?')[0]!)
    requests.push(`${request.method} ${path}`)
    for (const [name, value] of Object.entries(isolated ? isolation : {})) response.setHeader(name, value)
    if (csp) response.setHeader('content-security-policy', policy)
    const fault = faults.get(path)
    if (fault) return fault(request, response)
    if (path === '/') {
      response.setHeader('content-type', types['.html']!)
      return response.end(
        '<!doctype html><link rel="icon" href="/icon"><script type="module" src="/setup.js"></script>',
      )
    }
    if (path === '/setup.js') {
      response.setHeader('content-type', types['.js']!)
      return response.end("globalThis.distilled = await import('/lib/index.js')")
    }
    if (path === '/icon') return response.end()
    const folder = [...folders].find(([prefix]) => path.startsWith(prefix))
    const file = folder && join(folder[1], path.slice(folder[0].length))
    if (!file?.startsWith(folder![1]) || !existsSync(file)) {
      response.statusCode = 404
      return response.end()
    }
    const bytes = readFileSync(file)
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
    response.setHeader('content-length', bytes.length)
    response.setHeader('etag', `"${bytes.length}"`)
    response.end(request.method === 'HEAD' ? undefined : bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    faults,
    mount: (prefix, folder) => folders.set(prefix, folder),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
