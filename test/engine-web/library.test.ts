// distilled-decoding/web in a page of headless Chromium, on the processor: the images are Node's, what is on its way is shown, what
// was downloaded stays, and what is stopped stops.
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readPngText } from '../../src/images/png-text.ts'
import { load } from '../../src/library/node/load.ts'
import { fixturePath } from '../fixtures.ts'
import { chromium, describeWith } from '../requirements.ts'
import { difference, nodeImages } from './images.ts'
import { openBrowser, openPage, openSite, root, type Site } from './site.ts'

/** Levels of 255: rounding moves single pixels by one; a token that flipped would move a part of the image by tens. */
const SAME = { mean: 0.02, max: 2 }

const plans = [{ steps: 1 }, { steps: 2 }, { involved: true }, { teacherOnly: true }, { flow: true }]

describeWith(chromium)('a model in a page', () => {
  let site: Site
  let browser: Browser
  let page: Page
  const complaints: string[] = []
  beforeAll(async () => {
    site = await openSite()
    browser = await openBrowser()
    page = await openPage(browser, site.url, complaints)
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
  })

  it.each(['sprites-var-dd', 'sprites-llamagen-dd'])(
    '%s makes the images that Node makes, by every kind of plan',
    async (name) => {
      const { images, facts } = await page.evaluate(
        async ({ name, plans }) => {
          const model = await distilled.load(name, { ort: '/ort/', needTeacher: true, device: 'wasm' })
          const involved = { steps: model.presets.find(({ teacherFrom }) => teacherFrom !== undefined)!.steps }
          const images: number[][] = []
          for (const plan of plans) {
            const { images: made } = await model.sample({
              ...('involved' in plan ? involved : plan),
              classes: [3, 7],
              seed: 5,
            })
            for (const { data } of made) images.push([...data])
          }
          const { device, threads, notes, family, imageSize, classes } = model
          const facts = { device, threads, notes, family, imageSize, labels: classes.labels }
          await model.dispose()
          return { images, facts, involved }
        },
        { name, plans },
      )
      const steps = name === 'sprites-var-dd' ? 3 : 10
      const asks = plans.map((plan) => ({ ...('involved' in plan ? { steps } : plan), classes: [3, 7], seed: 5 }))
      const expected = await nodeImages(name, asks)
      for (const [i, image] of images.entries()) {
        const { mean, max } = difference(image, expected[i]!)
        expect(mean, `${JSON.stringify(asks[i >> 1])}`).toBeLessThan(SAME.mean)
        expect(max).toBeLessThanOrEqual(SAME.max)
      }
      expect(facts).toMatchObject({
        device: 'wasm',
        notes: [],
        imageSize: 32,
        family: { student: true, teacher: true },
      })
      expect(facts.labels[3]).toBe('boat')
    },
  )

  it('has threads on a cross-origin isolated page, as many as asked for', async () => {
    const scripts = () => site.requests.filter((r) => r === 'GET /ort/ort.wasm.bundle.min.mjs').length
    const counts: number[] = []
    for (const threads of [1, 2]) {
      const before = scripts()
      const used = await page.evaluate(async (threads) => {
        const model = await distilled.load('sprites-var-dd', { ort: '/ort/', device: 'wasm', threads })
        await model.dispose()
        return [crossOriginIsolated, model.threads]
      }, threads)
      expect(used).toEqual([true, threads])
      counts.push(scripts() - before)
    }
    expect(counts[1]! - counts[0]!).toBe(1) // every further thread loads the script once more
  })

  it('gives pictures with their settings inside, and canvases their pixels', async () => {
    const [png, data, rgba, settings] = await page.evaluate(async () => {
      const model = await distilled.load('sprites-var-dd', { ort: '/ort/', device: 'wasm' })
      const { images } = await model.sample({ classes: ['boat'], seed: 9 })
      await model.dispose()
      const [image] = images
      const { data } = image!.imageData()
      const bytes = new Uint8Array(await (await image!.blob()).arrayBuffer())
      return [[...bytes], [...image!.data], [...data], image!.settings] as const
    })
    const bytes = Uint8Array.from(png)
    const { data: pixels, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
    expect(info).toMatchObject({ width: 32, height: 32, channels: 3 })
    expect([...pixels]).toEqual(data)
    expect(rgba.filter((_, i) => i % 4 < 3)).toEqual(data)
    const texts = readPngText(bytes)
    expect(JSON.parse(texts.get('distilled-decoding')!)).toEqual(settings)
    expect(texts.get('Comment')).toBe('AI-generated image')
    expect(settings).toMatchObject({ model: 'sprites-var-dd', class: 3, className: 'boat', seed: 9, steps: 1 })
  })

  it('mixes noise, shows an image on its way, and computes rows of several runs together', async () => {
    const [states, alone, together] = await page.evaluate(async () => {
      const model = await distilled.load('sprites-var-dd', { ort: '/ort/', device: 'wasm' })
      const noise = { seed: 1, toward: { seed: 2, amount: 0.5 } }
      const states: [number, number, number[]][] = []
      for await (const { timestep, last, image } of model.trajectory({ class: 'cat', noise, steps: 1 }))
        states.push([timestep, last, [...image.data]])
      const { images } = await model.sample({ classes: ['cat', 'cat'], noise: [noise, { seed: 3 }] })
      const together: number[][] = []
      for await (const { image } of model.together([{ class: 5, seed: 1, index: 0, noise }]))
        together.push([...image.data])
      await model.dispose()
      return [states, [...images[0]!.data], together] as const
    })
    expect(states.map(([timestep, last]) => [timestep, last])).toEqual(Array.from({ length: 7 }, (_, t) => [t, 6]))
    expect(difference(states.at(-1)![2], alone).max).toBeLessThanOrEqual(1)
    expect(difference(states[0]![2], alone).mean).toBeGreaterThan(5)
    expect(together).toEqual([alone])
  })

  it('says what is on its way: files, bytes of all of them, the self-test', async () => {
    const [events, size] = await page.evaluate(async () => {
      await distilled.clearCache()
      const events: import('../../src/web/index.ts').LoadProgress[] = []
      const options = { ort: '/ort/', device: 'wasm' } as const
      const size = await distilled.sizeOf('sprites-var-dd', options)
      const model = await distilled.load('sprites-var-dd', { ...options, onProgress: (event) => events.push(event) })
      await model.dispose()
      return [events, size] as const
    })
    const downloads = events.filter((event) => event.type === 'download')
    expect(size.bytes).toBeGreaterThan(18e6)
    expect(size.cached).toBe(0)
    expect(size.files.map(({ name }) => name)).toEqual(['student', 'tokenizer', 'ONNX Runtime', 'known answer'])
    const last = downloads.at(-1)!
    expect([last.allDone, last.allTotal]).toEqual([size.bytes, size.bytes])
    for (const [i, { done, total, allDone }] of downloads.entries()) {
      expect(done).toBeLessThanOrEqual(total!)
      expect(allDone).toBeGreaterThanOrEqual(downloads[i - 1]?.allDone ?? 0)
    }
    expect(downloads.length).toBeGreaterThan(20) // streamed, not announced when it is over
    expect(events.flatMap((event) => (event.type === 'open' ? [event.what] : []))).toEqual(['networks', 'self-test'])
  })

  it('downloads nothing twice: the second time everything comes from the cache', async () => {
    const load = () =>
      page.evaluate(async () => {
        const model = await distilled.load('sprites-var-dd', { ort: '/ort/', device: 'wasm' })
        await model.dispose()
        return distilled.sizeOf('sprites-var-dd', { ort: '/ort/', device: 'wasm' })
      })
    const weights = () => site.requests.filter((r) => /^GET .*(safetensors|wasm)$/.test(r))
    await load()
    const before = weights().length
    expect(await load()).toMatchObject({ bytes: 0 })
    expect(weights().length).toBe(before)
    await page.evaluate(() => distilled.clearCache())
    await load()
    expect(weights().length).toBe(before + 4)
  })

  it('fetches again what has another version on the server', async () => {
    const path = '/models/sprites-var-dd.known-answer.safetensors'
    const load = () =>
      page.evaluate(async () => {
        const model = await distilled.load('sprites-var-dd', { ort: '/ort/', device: 'wasm' })
        await model.dispose()
        return model.notes
      })
    expect(await load()).toEqual([])
    const before = site.requests.length
    site.faults.set(path, (_, response) => {
      response.setHeader('etag', '"another"')
      response.end('another file')
    })
    await expect(load()).rejects.toThrow(/known answer.*expected/)
    site.faults.delete(path)
    expect(site.requests.slice(before).filter((r) => r === `GET ${path}`)).toHaveLength(1)
    expect(await load()).toEqual([])
  })

  it('uses what it has kept while the server is out of order', async () => {
    const paths = ['sprites-var-dd', 'sprites-var-vqvae', 'sprites-var-dd.known-answer']
    for (const path of paths) site.faults.set(`/models/${path}.safetensors`, (request) => request.socket.destroy())
    const images = await page.evaluate(async () => {
      const model = await distilled.load('sprites-var-dd', { ort: '/ort/', device: 'wasm' })
      const { images } = await model.sample({ classes: [0] })
      await model.dispose()
      return images.length
    })
    site.faults.clear()
    expect(images).toBe(1)
    complaints.splice(0) // the browser counts requests that failed
  })

  it('runs checkpoints that PyTorch wrote, from their addresses', async () => {
    site.mount('/fixtures/', join(root, 'test', 'fixtures'))
    const made = await page.evaluate(async () => {
      const urls = { student: '/fixtures/var_tiny_dd.pth', tokenizer: 'fixtures/var_tiny_vqvae.pth' }
      const model = await distilled.load(urls, { ort: '/ort/', device: 'wasm' })
      const { images } = await model.sample({ classes: [1, 2], seed: 4 })
      const facts = { name: model.name, label: model.classInfo(1).name, notes: model.notes }
      await model.dispose()
      return { ...facts, images: images.map(({ data }) => [...data]) }
    })
    expect(made).toMatchObject({ name: 'custom', label: '1', notes: [] })
    const files = { student: fixturePath('var_tiny_dd.pth'), tokenizer: fixturePath('var_tiny_vqvae.pth') }
    const model = await load({ ...files, device: 'cpu', threads: 1 })
    const { images } = await model.sample({ classes: [1, 2], seed: 4 })
    await model.dispose()
    for (const [i, { data }] of images.entries()) expect(difference(made.images[i]!, data).mean).toBeLessThan(SAME.mean)
  })

  it('complained about nothing that is not said of it', () => {
    expect(complaints).toEqual([])
  })
})
