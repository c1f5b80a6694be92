// The Report view: the figures of results.json with their protocol, tables that sort by keyboard, published figures apart.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import results from '../../web/src/views/report/results.json' with { type: 'json' }
import { chromium, describeWith } from '../requirements.ts'
import { launch, type Opened, openPage, patience, press, type Served, serveApp, shows } from './app.ts'

describeWith(chromium)('Report', () => {
  let served: Served
  let browser: Browser
  let opened: Opened
  let page: Page

  beforeAll(async () => {
    served = await serveApp()
    browser = await launch()
    opened = await openPage(browser, `${served.url}#/report`)
    page = opened.page
    await page.waitForSelector('.report')
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    served?.process.kill('SIGKILL')
  })

  const table = (name: string | RegExp) => page.getByRole('table', { name })
  const names = async (name: string | RegExp) =>
    (await table(name).locator('tbody th').allTextContents()).map((text) => text.trim())

  it('has every figure that was measured', async () => {
    for (const { student, rows } of results.families) {
      const body = await table(new RegExp(`samplers of ${student}`))
        .locator('tbody tr')
        .allTextContents()
      expect(body).toHaveLength(rows.length)
      for (const [i, { frechet, precision, recall, accuracy }] of rows.entries()) {
        expect(body[i]).toContain(frechet.toFixed(2))
        expect(body[i]).toContain(`${precision.toFixed(3)}${recall.toFixed(3)}${(100 * accuracy).toFixed(1)} %`)
      }
    }
  })

  it('says by which protocol, beside the tables and in whole', async () => {
    expect(await page.locator('.report .hint').allTextContents()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/10,000 samples against 10,000 sprites.*noise of seed 5.*guidance 1\.5/s),
        expect.stringMatching(/128 features of the sprite classifier.*guidance 2,/s),
      ]),
    )
    await page.getByText('The whole protocol').focus()
    await press(page, 'Enter')
    await shows(page, '.report-protocol dl', results.classifierSha256)
    await shows(page, '.report-protocol dl', /reconstruction.*distilled reproduce sprites/s)
  })

  it('sorts by keyboard, and says how', async () => {
    const heading = table(/VAR/).getByRole('columnheader', { name: 'Fréchet distance' })
    const inOrder = await names(/VAR/)
    await heading.getByRole('button').focus()
    await press(page, 'Enter')
    expect(await heading.getAttribute('aria-sort')).toBe('ascending')
    expect((await names(/VAR/))[0]).toMatch(/^Teacher/)
    await press(page, 'Enter')
    expect(await heading.getAttribute('aria-sort')).toBe('descending')
    expect((await names(/VAR/))[0]).toMatch(/^Teacher without the last 2 scales/)
    await press(page, 'Space')
    expect(await heading.getAttribute('aria-sort')).toBe('none')
    expect(await names(/VAR/)).toEqual(inOrder)
    // the other table keeps its own order, and rows without a time stay at the end
    const times = table(/LlamaGen: samplers/).getByRole('columnheader', { name: 'Time per image' })
    await times.getByRole('button').press('Enter')
    await times.getByRole('button').press('Enter')
    expect((await names(/LlamaGen: samplers/)).slice(0, 1)).toEqual([expect.stringMatching(/^Teachertoken/)])
    expect((await names(/LlamaGen: samplers/)).slice(-3).join()).toMatch(/Independent tokens/)
    expect(await names(/VAR/)).toEqual(inOrder)
  })

  it('plots distance against steps and against time, precision against recall, in words, too', async () => {
    const says = await Promise.all(
      (await page.locator('.plot > svg').all()).map((plot) => plot.getAttribute('aria-label')),
    )
    expect(says[0]).toMatch(/VAR: 1 step: 1\.00 network evaluations per image, Fréchet distance 45\.8/)
    expect(says[1]).toMatch(/LlamaGen: 1 step: 6\.29 milliseconds per image, Fréchet distance 215/)
    expect(says[2]).toMatch(/teacher: 0\.588 recall, precision 0\.628/)
    const axes = await page.locator('.chart .axis').allTextContents()
    expect(axes).toContain('milliseconds per image (logarithmic)')
    expect(await page.locator('.chart .mark').count()).toBe(36)
  })

  it('keeps published figures apart, marked as not measured here', async () => {
    const block = page.locator('.report-published')
    expect(await block.textContent()).toMatch(/Published by the paper’s authors ?not measured here/)
    expect(await block.locator('tbody tr').count()).toBe(results.published.length)
    expect(await block.getByRole('link').getAttribute('rel')).toContain('noopener')
    const ours = await page.locator('.report-card').first().textContent()
    for (const { fid } of results.published) expect(ours).not.toContain(`>${fid}<`)
  })

  it('shows the chosen model first', async () => {
    await page.goto(`${served.url}#/report?model=sprites-llamagen-dd`)
    await expect
      .poll(() => page.locator('.report section h2').allTextContents(), patience)
      .toEqual(expect.arrayContaining([expect.stringMatching(/^LlamaGen/)]))
    await expect
      .poll(async () => (await page.locator('.report > section > h2').allTextContents())[0], patience)
      .toMatch(/^LlamaGen/)
  })

  it.each(['light', 'dark'] as const)('fits a phone, where tables scroll in their own box: %s', async (colorScheme) => {
    const phone = await openPage(browser, `${served.url}#/report`, {
      viewport: { width: 390, height: 844 },
      colorScheme,
    })
    await shows(phone.page, 'h1', /costs/)
    expect(await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    const box = phone.page.getByRole('region', { name: 'VAR: samplers of sprites-var-dd' })
    expect(await box.evaluate((element) => element.scrollWidth > element.clientWidth)).toBe(true)
    await box.focus()
    await press(phone.page, 'ArrowRight')
    await expect.poll(() => box.evaluate((element) => element.scrollLeft), patience).toBeGreaterThan(0)
    expect(phone.complaints).toEqual([])
    await phone.page.context().close()
  })

  it('complained about nothing, and talked to nobody else', () => {
    expect(opened.complaints).toEqual([])
  })
})
