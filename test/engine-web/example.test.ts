// The page of examples/web-page, as its comment says to serve it, and the known answers that come with the models.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/checkpoint/checkpoint.ts'
import { bufferSource } from '../../src/checkpoint/sources.ts'
import { load } from '../../src/library/node/load.ts'
import { readAnswer } from '../../src/web/self-test.ts'
import { embeddedNames } from '../../src/web/source.ts'
import { chromium, describeWith } from '../requirements.ts'
import { difference } from './images.ts'
import { openBrowser, openSite, root } from './site.ts'

const example = readFileSync(join(root, 'examples', 'web-page', 'index.html'), 'utf8')
const patience = { timeout: 60_000, interval: 50 }

it('the example page is under 40 lines', () => {
  expect(example.trimEnd().split('\n').length).toBeLessThan(40)
})

describeWith(chromium)('the example page', () => {
  it('draws a picture in a step, and another for another class', async () => {
    const site = await openSite({ isolated: false, csp: false })
    const browser = await openBrowser()
    afterAll(async () => {
      await browser.close()
      await site.close()
    })
    site.mount('/examples/', join(root, 'examples'))
    site.mount('/dist/', join(root, 'dist'))
    site.mount('/node_modules/', join(root, 'node_modules'))
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(`${site.url}examples/web-page/index.html`)
    const status = () => page.textContent('#status')
    await expect.poll(status, patience).toMatch(/^\d+ ms on wasm$/)
    const pixels = () => page.evaluate(() => (document.querySelector('canvas') as HTMLCanvasElement).toDataURL())
    const first = await pixels()
    await page.selectOption('#class', { label: 'rocket' })
    await expect.poll(pixels, patience).not.toBe(first)
    expect(complaints).toEqual([])
  })
})

it.each(embeddedNames)(
  'the known answer of %s is that of its weights (else: node scripts/known-answers.js)',
  async (name) => {
    const bytes = new Uint8Array(readFileSync(join(root, 'models', `${name}.known-answer.safetensors`)))
    const { labels, noise, images } = await readAnswer(name, bytes)
    const { shape } = (await openCheckpoint(bufferSource(name, bytes))).tensors().get('noise')!
    const model = await load(name, { device: 'cpu', threads: 1 })
    const { results } = await model.sample({ classes: labels, noise: { data: noise, shape }, steps: 1 })
    await model.dispose()
    const made = results.flatMap(({ image }) => [...image.data])
    expect(difference(made, images).mean).toBeLessThan(0.02)
  },
)
