// Every @example of src/web runs as it is printed, in a page of headless Chromium that has the library's exports, a canvas, an
// image element and a model.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bodyOf, docblocks } from '../policy/examples.ts'
import { chromium, describeWith } from '../requirements.ts'
import { openBrowser, openPage, openSite, type Site } from './site.ts'

const examples = docblocks.filter(({ file }) => file.startsWith('src/web/'))

it('there are examples of the page', () => {
  expect(examples.length).toBeGreaterThan(3)
})

describeWith(chromium)('in a page', () => {
  let site: Site
  let browser: Browser
  let page: Page
  const complaints: string[] = []
  beforeAll(async () => {
    site = await openSite({ csp: false }) // examples arrive as text, which a policy forbids to run
    browser = await openBrowser()
    page = await openPage(browser, site.url, complaints)
    await page.evaluate(async () => {
      const model = await distilled.load('sprites-var-dd', { ort: '/ort/', device: 'wasm' })
      const { images } = await model.sample({ classes: [3] })
      const canvas = document.body.appendChild(document.createElement('canvas'))
      document.body.append(document.createElement('img'))
      Object.assign(globalThis, distilled, { model, image: images[0], canvas })
    })
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
    expect(complaints).toEqual([])
  })

  it.each(examples)('$file: $code', async ({ code }) => {
    const { body } = bodyOf(code)
    await page.evaluate(`(async () => ${body})().then(() => undefined)`)
  })
})
