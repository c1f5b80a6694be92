// What is stopped stops: downloads, a teacher in the middle of its tokens, a model that is disposed, a worker that dies.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chromium, describeWith } from '../requirements.ts'
import { insecureHost, openBrowser, openPage, openSite, type Site } from './site.ts'

/** Machines may be busy; a wait that succeeds takes milliseconds. */
const patience = { timeout: 30_000, interval: 20 }

describeWith(chromium)('a model in a page that is stopped', () => {
  let site: Site
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    site = await openSite()
    browser = await openBrowser()
    page = await openPage(browser, site.url)
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
  })

  it('breaks a download off, and the others with it', async () => {
    let closed = 0
    site.faults.set('/models/sprites-var-dd.safetensors', (request, response) => {
      response.setHeader('content-length', 1e6)
      if (request.method === 'HEAD') return response.end()
      response.on('close', () => closed++)
      response.write(new Uint8Array(5e5)) // and nothing more
    })
    const outcome = await page.evaluate(async () => {
      const controller = new AbortController()
      return distilled
        .load('sprites-var-dd', {
          ort: '/ort/',
          signal: controller.signal,
          onProgress: (event) =>
            event.type === 'download' && event.file === 'student' && event.done > 0 && controller.abort(),
        })
        .then(
          () => 'loaded',
          (error: Error) => error.name,
        )
    })
    site.faults.clear()
    expect(outcome).toBe('AbortError')
    await expect.poll(() => closed, patience).toBe(1)
  })

  it('stops sampling between two runs of the network, and goes on with the next request', async () => {
    const outcome = await page.evaluate(async () => {
      let worker!: Worker
      const messages: { id: number; event?: unknown; error?: { kind: string } }[] = []
      const model = await distilled.load('sprites-llamagen-dd', {
        ort: '/ort/',
        device: 'wasm',
        needTeacher: true,
        worker() {
          worker = new Worker('/lib/worker.js', { type: 'module' })
          worker.addEventListener('message', ({ data }) => messages.push(data))
          return worker
        },
      })
      const controller = new AbortController()
      const from = messages.length
      let steps = 0
      const error = await model
        .sample({
          classes: [0, 1],
          teacherOnly: true,
          signal: controller.signal,
          onProgress: () => ++steps === 3 && controller.abort(new Error('enough')),
        })
        .catch((error: Error) => error.message)
      const { images } = await model.sample({ classes: [0] })
      const own = messages.slice(from).filter(({ id }) => id === messages[from]!.id)
      await model.dispose()
      return {
        error,
        steps,
        events: own.filter((m) => m.event).length,
        end: own.at(-1)!.error?.kind,
        images: images.length,
      }
    })
    expect(outcome).toMatchObject({ error: 'enough', steps: 3, end: 'AbortError', images: 1 })
    expect(outcome.events).toBeLessThan(10) // of 64 steps
  })

  it('stops when the loop over a stream is left', async () => {
    const outcome = await page.evaluate(async () => {
      const model = await distilled.load('sprites-var-dd', { ort: '/ort/', device: 'wasm' })
      let seen = 0
      for await (const { index } of model.stream({ classes: [0], count: 2000, batch: 1 })) {
        seen = index + 1
        if (seen === 2) break
      }
      const started = performance.now()
      const { images } = await model.sample({ classes: [1] })
      await model.dispose()
      return { seen, images: images.length, seconds: (performance.now() - started) / 1000 }
    })
    expect(outcome).toMatchObject({ seen: 2, images: 1 })
    expect(outcome.seconds).toBeLessThan(30) // the other images would take a minute and more
  })

  it('rejects what is pending when it is disposed, and everything after', async () => {
    const errors = await page.evaluate(async () => {
      const model = await distilled.load('sprites-var-dd', { ort: '/ort/', device: 'wasm' })
      const pending = model
        .sample({ classes: [0], count: 100 })
        .catch((error: Error) => `${error.name}: ${error.message}`)
      await model.dispose()
      const later = model.sample({ classes: [0] }).catch((error: Error) => error.message)
      return Promise.all([pending, later])
    })
    expect(errors).toEqual(['EngineError: The model was disposed.', 'The model was disposed.'])
  })

  it('rejects what is pending when its worker dies, with what to do', async () => {
    const errors = await page.evaluate(async () => {
      let worker!: Worker
      const model = await distilled.load('sprites-var-dd', {
        ort: '/ort/',
        device: 'wasm',
        worker: () => {
          worker = new Worker('/lib/worker.js', { type: 'module' })
          return worker
        },
      })
      const calls = [0, 1].map((label) =>
        model.sample({ classes: [label], count: 50 }).catch((error: Error) => error.message),
      )
      worker.dispatchEvent(new ErrorEvent('error', { message: 'out of memory' }))
      return Promise.all(calls)
    })
    for (const error of errors) expect(error).toMatch(/worker stopped: out of memory\. Load the model again/)
  })

  it('says so when the worker’s script is not there', async () => {
    const error = await page.evaluate(() =>
      distilled
        .load('sprites-var-dd', { worker: '/no-such-worker.js' })
        .catch((error: Error) => `${error.name}: ${error.message}`),
    )
    expect(error).toMatch(/^EngineError: The model's worker stopped: its script could not be loaded/)
  })

  it('does without cache and threads on an insecure page', async () => {
    const insecure = await openPage(browser, site.url.replace('127.0.0.1', insecureHost))
    const outcome = await insecure.evaluate(async () => {
      const size = await distilled.sizeOf('sprites-var-dd')
      const model = await distilled.load('sprites-var-dd', { ort: '/ort/', threads: 2 })
      const { images } = await model.sample({ classes: [0] })
      await model.dispose()
      return { isSecureContext, cached: size.cached, threads: model.threads, notes: model.notes, images: images.length }
    })
    await insecure.context().close()
    expect(outcome).toMatchObject({ isSecureContext: false, cached: 0, threads: 1, images: 1 })
    expect(outcome.notes).toEqual([
      expect.stringMatching(/^One thread instead of 2: the page is not cross-origin isolated/),
      'WebGPU is not there (no adapter): wasm.',
    ])
  })
})
