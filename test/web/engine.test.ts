// The page's own engine: what it weighs is said before, it shows its progress, can be stopped, computes the server's pictures in
// threads of the page, says what is not there, and goes on when the server is gone and the network with it.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chromium, describeWith } from '../requirements.ts'
import { launch, type Opened, openPage, patience, press, type Served, serveApp, shows } from './app.ts'

describeWith(chromium)('the engine in the page', () => {
  let served: Served
  let browser: Browser
  let opened: Opened
  let page: Page

  beforeAll(async () => {
    served = await serveApp('--model', 'sprites-var-dd')
    browser = await launch()
    opened = await openPage(browser, `${served.url}#/generate?class=3&seed=7&count=2`)
    page = opened.page
    await page.waitForSelector('.details')
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    served?.process.kill('SIGKILL')
  })

  const long = { timeout: 120_000, interval: 50 }
  const choose = (kind: 'server' | 'page') => page.locator(`input[name=engine][value=${kind}]`).check()
  /** The shown pictures' pixels. */
  const pixels = () =>
    page.locator('.tile img').evaluateAll((images) =>
      Promise.all(
        images.map(async (image) => {
          await (image as HTMLImageElement).decode()
          const canvas = new OffscreenCanvas(32, 32)
          const context = canvas.getContext('2d')!
          context.drawImage(image as HTMLImageElement, 0, 0)
          return [...context.getImageData(0, 0, 32, 32).data]
        }),
      ),
    )
  let fromServer: number[][]

  it('says what it weighs before anything is downloaded', async () => {
    fromServer = await pixels()
    const requests: string[] = []
    page.on('request', (request) => request.method() === 'GET' && requests.push(request.url()))
    await choose('page')
    await shows(page, '.open-model', /This page can run sprites-var-dd itself.*Download [12]\d MB and start/)
    expect(requests.filter((url) => /\.(safetensors|wasm)$/.test(url))).toEqual([])
  })

  it('can be stopped, and started again', async () => {
    await page.route('**/models/sprites-var.safetensors', (route) => {
      if (route.request().method() === 'HEAD') return route.continue() // and the file itself never comes
    })
    await page.getByRole('button', { name: /^Download/ }).click()
    await shows(page, '.open-model .hint', /[\d.]+ MB of [12]\d MB/)
    expect(await page.getByRole('progressbar').count()).toBe(1)
    await page.getByRole('button', { name: 'Stop' }).click()
    await shows(page, '.open-model', /Download/)
    await page.unroute('**/models/sprites-var.safetensors')
  })

  it('says which file is missing', async () => {
    await page.route('**/models/sprites-var.safetensors', (route) => route.fulfill({ status: 404, body: '' }))
    await page.getByRole('button', { name: /^Download/ }).click()
    await expect.poll(() => page.locator('[role=alert]').textContent(), long).toMatch(/the teacher of sprites-var-dd/)
    expect(await page.getByRole('button', { name: 'Use the server' }).count()).toBe(1)
    await page.unroute('**/models/sprites-var.safetensors')
    await page.getByRole('button', { name: 'Try again' }).click()
    await shows(page, '.open-model', /Download/)
  })

  it('computes the server’s pictures, in threads, and says that WebGPU is not there', async () => {
    await page.getByRole('button', { name: /^Download/ }).click()
    await expect.poll(() => page.locator('.details').count(), long).toBe(1)
    await expect.poll(() => page.locator('.tile img').count(), long).toBe(2)
    await shows(page, '.frame-foot', /sprites-var-dd in this page: wasm, [2-8] threads.*WebGPU is not there/)
    const fromPage = await pixels()
    const off = fromPage.flatMap((image, i) => image.map((value, j) => Math.abs(value - fromServer[i]![j]!)))
    expect(Math.max(...off)).toBeLessThanOrEqual(2) // another processor's kernels round otherwise
    expect(off.filter((difference) => difference > 0).length).toBeLessThan(off.length / 100)
  }, 240_000)

  it('runs every way, and a changed setting cancels what runs', async () => {
    await page.locator('#main').focus()
    await press(page, '5')
    await expect.poll(() => page.locator('.readout [role=status]').textContent(), long).toMatch(/evaluation \d of 6/)
    await press(page, '2')
    await expect.poll(() => page.locator('.details').textContent(), long).toMatch(/2 steps/)
    await expect
      .poll(() => page.locator('.readout [role=status]').textContent(), long)
      .toMatch(/^2 pictures in .* 2 network evaluations each/)
  }, 240_000)

  it('is remembered, opens by itself from what the browser kept, and needs no server for it', async () => {
    await page.evaluate(() => navigator.serviceWorker.ready)
    await page.reload()
    await expect.poll(() => page.locator('.tile img').count(), long).toBe(2)
    served.process.kill('SIGKILL')
    await page.reload()
    await expect.poll(() => page.locator('.tile img').count(), long).toBe(2)
    await shows(page, '.frame-foot', /in this page: wasm/)
    await page.locator('#main').focus()
    await press(page, 'r')
    await expect.poll(() => page.locator('.readout [role=status]').textContent(), long).toMatch(/^2 pictures in/)
    expect(await page.locator('[role=alert]').count()).toBe(0)
  }, 240_000)

  it('takes over when the server is gone', async () => {
    await choose('server')
    await shows(page, '[role=alert]', /The server does not answer/)
    await page.getByRole('button', { name: 'Use this page’s engine' }).click()
    await expect.poll(() => page.locator('.tile img').count(), long).toBe(2)
  })
})

describeWith(chromium)('a server with a token', () => {
  it('asks for it once', async () => {
    const served = await serveApp('--model', 'sprites-var-dd', '--token', 'a secret of some length')
    const browser = await launch()
    try {
      const { page } = await openPage(browser, `${served.url}#/generate?count=1`)
      await shows(page, '[role=alert]', /wants its token.*Ask the person who started the server/)
      await page.getByLabel('Token').fill('another secret of some length')
      await press(page, 'Enter')
      await shows(
        page,
        '[role=alert]',
        /The token of this request is not that of the server.*Ask the person who started/,
      )
      await page.getByLabel('Token').fill('a secret of some length')
      await press(page, 'Enter')
      await shows(page, '.details', /^fish/)
      await page.reload()
      await shows(page, '.details', /^fish/)
      expect(await page.locator('.tile img').count()).toBe(1)
      await expect.poll(() => page.locator('[role=alert]').count(), patience).toBe(0)
    } finally {
      await browser.close()
      served.process.kill('SIGKILL')
    }
  })
})
