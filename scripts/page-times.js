// How long the embedded models take in a page: headless Chromium loads them from here on WebAssembly and samples one image at a time.
//   node scripts/page-times.js            needs Chromium (CONTRIBUTING.md) and the development packages

import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { cpus } from 'node:os'
import { extname, join } from 'node:path'
import { build, root } from './build.js'
import { launchChromium } from './chromium.js'

build()
const RUNS = 30
const types = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' }
const folders = { lib: 'dist/browser', models: 'models', ort: 'node_modules/onnxruntime-web/dist' }

const server = createServer((request, response) => {
  const path = new URL(`http://page${request.url}`).pathname
  const [, folder, name] = path.split('/')
  const file = join(root, folders[/** @type {keyof typeof folders} */ (folder)] ?? 'none', name ?? '')
  response.setHeader('cross-origin-opener-policy', 'same-origin')
  response.setHeader('cross-origin-embedder-policy', 'require-corp')
  if (path === '/') return response.setHeader('content-type', 'text/html').end('<!doctype html><title>times</title>')
  if (!name || !existsSync(file)) return response.writeHead(404).end()
  const type = types[/** @type {keyof typeof types} */ (extname(file))] ?? 'application/octet-stream'
  response.setHeader('content-type', type).end(readFileSync(file))
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())

const browser = await launchChromium('--disable-gpu')
const page = await browser.newPage()
page.setDefaultTimeout(0)
await page.goto(`http://127.0.0.1:${port}/`)
console.log(
  `${cpus().length} x ${cpus()[0]?.model}, Chromium ${browser.version()}; median of ${RUNS} images made alone`,
)
for (const name of ['sprites-var-dd', 'sprites-llamagen-dd']) {
  for (const threads of [1, 2]) {
    const { loading, times } = await page.evaluate(measure, { name, threads, runs: RUNS })
    const text = Object.entries(times).map(([way, ms]) => `${way} ${ms.toFixed(0)} ms`)
    console.log(
      `${name}, ${threads} thread${threads > 1 ? 's' : ''}: opened in ${loading.toFixed(0)} ms; ${text.join(', ')}`,
    )
  }
}
await browser.close()
server.close()

/** Runs in the page. @param {{ name: string, threads: number, runs: number }} settings */
async function measure({ name, threads, runs }) {
  const address = '/lib/index.js'
  /** @type {typeof import('../src/web/index.ts')} */
  const { load } = await import(address)
  const options = /** @type {const} */ ({ ort: '/ort/', device: 'wasm', needTeacher: true })
  await (await load(name, { ...options, threads })).dispose() // downloads
  const started = performance.now()
  const model = await load(name, { ...options, threads })
  const loading = performance.now() - started
  /** @type {Record<string, number>} */
  const times = {}
  for (const [way, plan] of Object.entries({
    'one step': { steps: 1 },
    'two steps': { steps: 2 },
    teacher: { teacherOnly: true },
  })) {
    const seconds = []
    for (let seed = -2; seed < runs; seed++) {
      const start = performance.now()
      await model.sample({ ...plan, classes: [3], seed: Math.max(0, seed) })
      if (seed >= 0) seconds.push(performance.now() - start)
    }
    times[way] = seconds.sort((a, b) => a - b)[runs >> 1] ?? 0
  }
  await model.dispose()
  return { loading, times }
}
