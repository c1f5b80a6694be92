// WebGPU in all its states: not there, there and right, there and wrong, a software adapter that nobody asked for. Wrong numbers are
// made by a stand-in for ONNX Runtime; right ones by SwiftShader, which comes with the browser and is WebGPU on the processor.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chromium, describeWith, leaveOut, swiftShader } from '../requirements.ts'
import { difference, nodeImages } from './images.ts'
import { openBrowser, openPage, openSite, root, type Site } from './site.ts'

/** A worker in which there is a WebGPU adapter, whatever the machine has. */
const pretending = `
  Object.defineProperty(navigator, 'gpu', { value: { requestAdapter: async () => ({ features: new Set() }) } })
  await import('/lib/worker.js')
`

/** ONNX Runtime's build for WebGPU as far as this library uses it: its numbers come from the processor, and are a little wrong. */
const wrongRuntime = `
  import * as ort from '/ort/ort.wasm.bundle.min.mjs'
  export const env = { wasm: {} }
  export const Tensor = ort.Tensor
  export const InferenceSession = {
    async create(model, { preferredOutputLocation, ...options }) {
      const session = await ort.InferenceSession.create(model, { ...options, executionProviders: ['wasm'] })
      const run = session.run.bind(session)
      session.run = async (feeds) => {
        const out = await run(feeds)
        for (const { type, data } of Object.values(out)) if (type === 'float32') for (let i = 0; i < data.length; i++) data[i] *= 1.1
        return out
      }
      return session
    },
  }
`

describeWith(chromium)('WebGPU that computes wrong numbers', () => {
  let site: Site
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    site = await openSite()
    site.mount('/wrong-ort/', join(root, 'node_modules', 'onnxruntime-web', 'dist'))
    for (const [path, code] of Object.entries({
      '/pretending.js': pretending,
      '/wrong-ort/ort.webgpu.bundle.min.mjs': wrongRuntime,
    }))
      site.faults.set(path, (_, response) => response.setHeader('content-type', 'text/javascript').end(code))
    browser = await openBrowser()
    page = await openPage(browser, site.url)
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
  })

  const open = (name: string | { student: string; tokenizer: string }) =>
    page.evaluate(async (name) => {
      const model = await distilled.load(name, { ort: '/wrong-ort/', worker: '/pretending.js' })
      const { images } = await model.sample({ classes: [3, 7], seed: 5 })
      await model.dispose()
      return { device: model.device, notes: model.notes, images: images.map(({ data }) => [...data]) }
    }, name)

  it('is found out by the known answer, said, and not used', async () => {
    const { device, notes, images } = await open('sprites-var-dd')
    expect(device).toBe('wasm')
    expect(notes).toEqual([
      expect.stringMatching(
        /^WebGPU is not used, .* The images of the self-test are [\d.]+ levels of 255 away .* at most 0\.5/,
      ),
    ])
    const expected = await nodeImages('sprites-var-dd', [{ classes: [3, 7], seed: 5 }])
    for (const [i, image] of images.entries()) expect(difference(image, expected[i]!).max).toBeLessThanOrEqual(2)
  })

  it('is found out without a known answer, too: the processor knows', async () => {
    site.faults.set('/wrong-ort/ort-wasm-simd-threaded.asyncify.wasm', (_, response) => response.end('unused'))
    const code = wrongRuntime.replace(
      'session.run = ',
      "if (options.executionProviders[0] === 'webgpu') session.run = ",
    )
    site.faults.set('/wrong-ort/ort.webgpu.bundle.min.mjs', (_, response) =>
      response.setHeader('content-type', 'text/javascript').end(code),
    )
    const urls = { student: '/models/sprites-var-dd.safetensors', tokenizer: '/models/sprites-var-vqvae.safetensors' }
    const { device, notes } = await open(urls)
    expect(device).toBe('wasm')
    expect(notes).toEqual([expect.stringMatching(/^WebGPU is not used, .* levels of 255 away from the known answer/)])
  })

  it('on the processor it is an error: nothing would be right', async () => {
    const path = '/models/sprites-var-dd.known-answer.safetensors'
    const bytes = readFileSync(join(root, path.slice(1)))
    bytes.fill(0, bytes.length - 6000) // other images
    site.faults.set(path, (_, response) => response.end(bytes))
    const error = await page.evaluate(() =>
      distilled
        .load('sprites-var-dd', { ort: '/ort/', device: 'wasm', cache: false })
        .catch((error: Error) => `${error.name}: ${error.message}`),
    )
    expect(error).toMatch(/^EngineError: The images of the self-test are .* A newer browser/)
  })
})

describeWith(chromium)('WebGPU on the processor', () => {
  let site: Site
  let browser: Browser
  let page: Page
  let there = false
  beforeAll(async () => {
    site = await openSite()
    browser = await openBrowser('software')
    page = await openPage(browser, site.url)
    there = await page.evaluate(async () => {
      const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } }
      return Boolean(await gpu?.requestAdapter())
    })
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
  })

  it('passes the self-test, when it is asked for, and makes Node’s image', async (context) => {
    if (!there) leaveOut(context, swiftShader)
    const { device, notes, image } = await page.evaluate(async () => {
      const model = await distilled.load('sprites-var-dd', { ort: '/ort/', device: 'webgpu' })
      const { images } = await model.sample({ classes: [3], seed: 5 })
      await model.dispose()
      return { device: model.device, notes: model.notes, image: [...images[0]!.data] }
    })
    expect({ device, notes }).toEqual({ device: 'webgpu', notes: [] })
    const [expected] = await nodeImages('sprites-var-dd', [{ classes: [3], seed: 5 }])
    expect(difference(image, expected!).mean).toBeLessThan(0.5)
  })

  it('is not taken by itself, being slower than WebAssembly', async (context) => {
    if (!there) leaveOut(context, swiftShader)
    const { device, notes } = await page.evaluate(async () => {
      const model = await distilled.load('sprites-var-dd', { ort: '/ort/' })
      await model.dispose()
      return { device: model.device, notes: model.notes }
    })
    expect({ device, notes }).toEqual({ device: 'wasm', notes: [expect.stringMatching(/software adapter/)] })
  })
})
