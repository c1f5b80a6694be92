// Same noise, walk and trajectory with the real server behind them, under its Content-Security-Policy: what the views show is
// what the server makes of the same noise.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chromium, describeWith } from '../requirements.ts'
import { launch, openPage, patience, press, type Served, serveApp, settingsOf } from './app.ts'

describeWith(chromium)('with the server', () => {
  let served: Served
  let browser: Browser
  beforeAll(async () => {
    ;[served, browser] = await Promise.all([serveApp(), launch()])
  })
  afterAll(async () => {
    await browser?.close()
    served?.process.kill('SIGKILL')
  })
  const open = (hash: string) => openPage(browser, served.url + hash)

  /** RGB bytes of an image or a canvas of the page, or of a PNG that the server gives. */
  const pixelsOf = (page: Page, selector: string) =>
    page.evaluate(async (found) => {
      const source = document.querySelector<HTMLImageElement | HTMLCanvasElement>(found)!
      if (source instanceof HTMLImageElement) await source.decode()
      const context = new OffscreenCanvas(32, 32).getContext('2d')!
      context.drawImage(source, 0, 0)
      return [...context.getImageData(0, 0, 32, 32).data].filter((_, i) => i % 4 < 3)
    }, selector)
  const sampled = (page: Page, body: object) =>
    page.evaluate(async (asked) => {
      const answer = await fetch('v1/images/generations', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...asked, response_format: 'b64_json' }),
      })
      const { data } = await answer.json()
      const bytes = Uint8Array.from(atob(data[0].b64_json), (character) => character.charCodeAt(0))
      const context = new OffscreenCanvas(32, 32).getContext('2d')!
      context.drawImage(await createImageBitmap(new Blob([bytes])), 0, 0)
      return [...context.getImageData(0, 0, 32, 32).data].filter((_, i) => i % 4 < 3)
    }, body)

  it('the walk shows the noise between two seeds, some groups standing still', async () => {
    const { page, complaints } = await open('#/walk?classes=3,5&seed=7&to=8&at=0.5&groups=0-2')
    await expect.poll(() => page.textContent('.walk-reading'), patience).toMatch(/for these 2/)
    const noise = {
      seed: 7,
      toward: { seed: 8, amount: 0.5 },
      groups: [3, 4, 5].map((group) => ({ group, seed: 7 })),
    }
    const shown = await pixelsOf(page, '.walk-pictures canvas')
    expect(shown).toEqual(await sampled(page, { class_labels: [3], noise: [noise], steps: 1 }))
    await press(page, 'Home')
    await expect.poll(() => settingsOf(page).at, patience).toBeUndefined()
    const plain = await sampled(page, { class_labels: [3], seed: 7, steps: 1 })
    await expect.poll(() => pixelsOf(page, '.walk-pictures canvas'), patience).toEqual(plain)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('the flow map’s column is where the flow map’s trajectory ends, for both families', async () => {
    for (const [model, states] of [
      ['sprites-var-dd', 7],
      ['sprites-llamagen-dd', 65],
    ] as const) {
      const { page, complaints } = await open(`#/same-noise?model=${model}&classes=5&seed=7&noises=1&ways=flow,1`)
      const times = () => page.locator('.same-time').allTextContents()
      await expect.poll(async () => (await times()).filter((time) => / m?s$/.test(time)).length, patience).toBe(2)
      const flow = await pixelsOf(page, 'tbody td:nth-of-type(1) img')
      const oneStep = await pixelsOf(page, 'tbody td:nth-of-type(2) img')
      expect(oneStep).not.toEqual(flow)
      await expect.poll(() => page.textContent('.same-words'), patience).toMatch(/^1 step lands [\d.]+ of 255 levels/)

      await page.evaluate((hash) => location.assign(hash), `#/trajectory?model=${model}&class=5&seed=7&by=flow`)
      const there = page.locator('.trajectory-frame:not(:disabled)')
      await expect.poll(() => there.count(), patience).toBe(states)
      await expect.poll(() => pixelsOf(page, '.trajectory-now img'), patience).toEqual(flow)

      await page.check('input[name=trajectory-by] >> nth=1', { force: true })
      await expect.poll(() => pixelsOf(page, '.trajectory-now img').catch(() => null), patience).toEqual(oneStep)
      expect(complaints).toEqual([])
      await page.context().close()
    }
  })

  it('a walk in the hands of a server that has gone says so, and what to do', async () => {
    const { page } = await open('#/walk?class=3&seed=7')
    await expect.poll(() => page.textContent('.walk-reading'), patience).toMatch(/for the picture/)
    served.process.kill('SIGKILL')
    await press(page, 'ArrowRight')
    await expect.poll(() => page.textContent('[role=alert]'), patience).toMatch(/does not answer.*distilled serve/)
    await page.context().close()
  })
})
