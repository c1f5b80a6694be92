// The Explain view: every figure by keyboard, the toy's mathematics as it is shown, and the running model in the page.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromium, describeWith } from '../requirements.ts'
import { launch, type Opened, openPage, patience, press, type Served, serveApp, shows } from './app.ts'

/** "35.0 %" */
const percent = (text: string | null): number => Number(/([\d.]+) %/.exec(text ?? '')?.[1])

describeWith(chromium)('Explain', () => {
  let served: Served
  let browser: Browser
  let opened: Opened
  let page: Page

  beforeAll(async () => {
    served = await serveApp()
    browser = await launch()
    opened = await openPage(browser, `${served.url}#/explain?class=8&seed=7`)
    page = opened.page
    await page.waitForSelector('.explain')
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    served?.process.kill('SIGKILL')
  })

  /** The n-th stop. */
  const stop = (n: number) => page.locator('.explain-stop').nth(n - 1)
  const slider = (n: number, name: string | RegExp) => stop(n).getByRole('slider', { name })

  it('has six stops, and a figure in all but the last', async () => {
    expect(await page.locator('.explain h2').allTextContents()).toEqual([
      'A picture is a sequence of tokens',
      'The teacher chooses them in many steps',
      'Noise can take the place of chance',
      'The student learns the whole map',
      'What is lost, and what helps',
      'Where to go on',
    ])
    expect(await page.locator('.explain-figure').count()).toBe(5)
  })

  it('goes through the tokens of both families by keyboard', async () => {
    await slider(1, /^Token/).focus()
    await press(page, 'Home')
    await expect.poll(() => stop(1).textContent(), patience).toContain('Token 1 of 130')
    await press(page, 'ArrowRight')
    await expect.poll(() => stop(1).textContent(), patience).toMatch(/Token 2 is ?entry \d+:.*scale 2 of 6/s)
    await press(page, 'End')
    await expect.poll(() => stop(1).textContent(), patience).toContain('Decoded from scales 1 to 6 of 6')
    expect(await stop(1).locator('.explain-vector li').count()).toBe(8)

    await stop(1).getByRole('radio', { name: 'VAR' }).focus()
    await press(page, 'ArrowRight')
    await expect.poll(() => stop(1).textContent(), patience).toContain('Token 64 of 64')
    expect(await stop(1).locator('.explain-grid > span').count()).toBe(64)
    await stop(1).locator('[data-at="9"]').click()
    await expect.poll(() => stop(1).textContent(), patience).toContain('Token 10 of 64')
  })

  it('replays the teacher with the probabilities it had', async () => {
    await slider(2, /^Token/).focus()
    await press(page, 'Home')
    const rows = stop(2).locator('.explain-conditional li')
    await expect.poll(() => rows.count(), patience).toBe(6)
    const shares = (await rows.allTextContents()).map(percent)
    expect(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 100)).toBeLessThan(3)
    expect(await stop(2).locator('.explain-conditional .drawn').count()).toBe(1)
    await stop(2).getByRole('button', { name: 'Play' }).press('Enter')
    await expect.poll(() => stop(2).textContent(), patience).toMatch(/The first [3-9] tokens of 64/)
    await stop(2).getByRole('button', { name: 'Pause' }).press('Enter')
    expect(await stop(2).getByRole('img', { name: 'A failed cup' }).count()).toBe(4)
  })

  describe('the toy', () => {
    const own = () => stop(3).getByRole('button', { name: /^Your noise/ })
    const entry = (letter: string) => stop(3).getByRole('button', { name: new RegExp(`^Entry ${letter}`) })
    const verdict = () => stop(3).getByRole('status').textContent()
    const cell = async (letter: string, column: number) =>
      percent(await stop(3).locator('tbody tr').nth('ABCDE'.indexOf(letter)).locator('td').nth(column).textContent())

    it('carries as much noise to an entry as it is probable', async () => {
      await expect.poll(() => cell('A', 2), patience).toBeGreaterThan(0)
      for (const letter of 'ABCDE')
        expect(Math.abs((await cell(letter, 2)) - (await cell(letter, 1)))).toBeLessThan(2.5)
    })

    it('sends the same noise to the same entry, and other noise elsewhere', async () => {
      expect(await verdict()).toBe('Your noise ends on A, every time.')
      await own().focus()
      for (let i = 0; i < 6; i++) await press(page, 'Shift+ArrowRight')
      await expect.poll(verdict, patience).toBe('Your noise ends on B, every time.')
      expect(await own().getAttribute('aria-label')).toMatch(/^Your noise, ends on B, at 2\.4, 0\.9/)
      for (let i = 0; i < 6; i++) await press(page, 'Shift+ArrowLeft')
      await expect.poll(verdict, patience).toBe('Your noise ends on A, every time.')
    })

    it('lets entries be moved and made likelier', async () => {
      await entry('E').focus()
      await press(page, 'ArrowUp', 'Shift+ArrowRight')
      await expect.poll(() => entry('E').getAttribute('aria-label'), patience).toContain('at −0.7, −1.8')
      await slider(3, 'Weight of E').focus()
      await press(page, 'End')
      await expect.poll(() => cell('E', 1), patience).toBeCloseTo(52.1, 1)
      await expect.poll(() => cell('E', 2), patience).toBeGreaterThan(49)
    })

    it('keeps one entry possible when all weights go to 0', async () => {
      for (const letter of 'ABCDE') {
        await slider(3, `Weight of ${letter}`).focus()
        await press(page, 'Home')
      }
      await expect.poll(() => cell('E', 1), patience).toBe(100)
      await expect.poll(verdict, patience).toBe('Your noise ends on E, every time.')
      await stop(3).getByRole('button', { name: 'Undecided' }).press('Enter')
      await expect.poll(() => cell('A', 1), patience).toBe(35)
    })

    it('is dragged by the pointer, too, and stays inside', async () => {
      const box = (await stop(3).locator('.explain-plane').boundingBox())!
      const from = (await entry('C').boundingBox())!
      await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width + 200, box.y + box.height / 2, { steps: 4 })
      await page.mouse.up()
      await expect.poll(() => entry('C').getAttribute('aria-label'), patience).toMatch(/at 3\.0, 0\.0/)
      await stop(3).getByRole('button', { name: 'Undecided' }).press('Enter')
    })

    it('shows noise at the beginning, entries at the end; who wants little motion is spared the way', async () => {
      await slider(3, /^Time/).focus()
      await press(page, 'Home')
      await expect.poll(() => stop(3).textContent(), patience).toContain('Time 0.00 noise')
      const before = await painted()
      await stop(3).getByRole('button', { name: 'Play' }).press('Enter')
      await expect.poll(() => stop(3).textContent(), patience).toContain('Time 1.00 tokens')
      await expect.poll(painted, patience).not.toBe(before)
    })

    it('is painted anew in the colours of the other theme', async () => {
      const light = await corner()
      await page.emulateMedia({ colorScheme: 'dark' })
      await expect.poll(corner, patience).not.toEqual(light)
      await page.emulateMedia({ colorScheme: 'light' })
      await expect.poll(corner, patience).toEqual(light)
    })

    const canvas = () => stop(3).locator('canvas')
    const painted = () => canvas().evaluate((element) => (element as HTMLCanvasElement).toDataURL())
    /** Colour of the cell in the upper left, which is A's. */
    const corner = () =>
      canvas().evaluate((element) =>
        Array.from((element as HTMLCanvasElement).getContext('2d')!.getImageData(9, 9, 1, 1).data),
      )
  })

  it('races the student against its teacher, with times', async () => {
    await stop(4).getByRole('button', { name: 'Race' }).press('Enter')
    await expect
      .poll(() => stop(4).locator('.explain-verdict').textContent(), patience)
      .toMatch(/^1 step: [\d.]+ m?s\. The teacher’s 6: [\d.]+ m?s, (\d\.\d|\d+) times as long|no longer/)
    const times = await stop(4).locator('.explain-time').allTextContents()
    expect(times).toHaveLength(3)
    for (const time of times) expect(time).toMatch(/^[16] steps?[\d.]+ m?s$/)
    expect(
      await stop(4)
        .getByRole('img', { name: /^rocket/ })
        .count(),
    ).toBe(3)
  })

  it('makes one noise by every way, beside what was measured', async () => {
    await stop(5).getByRole('button', { name: 'Make all' }).press('Enter')
    await expect.poll(() => stop(5).locator('li img').count(), patience).toBe(5)
    await expect.poll(() => stop(5).locator('.explain-took').allTextContents(), patience).not.toContain('')
    expect(await stop(5).locator('.explain-distance').allTextContents()).toEqual([
      '45.8',
      '41.8',
      '46.7',
      '45.1',
      '24.0',
    ])
    expect(await stop(5).textContent()).toMatch(/Not an ImageNet FID/)
    await expect.poll(() => stop(5).getByRole('button', { name: 'Make all' }).count(), patience).toBe(1)
  })

  it('lets one figure run at a time, and stop', async () => {
    await stop(5).getByRole('button', { name: 'Make all' }).press('Enter')
    await expect.poll(() => stop(5).getByRole('button', { name: 'Stop' }).count(), patience).toBe(1)
    await stop(4).getByRole('button', { name: 'Race' }).press('Enter')
    await expect.poll(() => stop(5).getByRole('button', { name: 'Make all' }).count(), patience).toBe(1)
    await stop(4).getByRole('button', { name: 'Stop' }).press('Enter')
    await expect.poll(() => stop(4).getByRole('button', { name: 'Race' }).count(), patience).toBe(1)
  })

  it('asks for the class and the seed of the address', async () => {
    const asked = page.waitForRequest(/api\/sample/)
    await stop(4).getByLabel('Seed', { exact: true }).fill('8')
    await expect.poll(() => new URL(page.url()).hash, patience).toContain('seed=8')
    await stop(4).getByLabel('Seed', { exact: true }).press('Enter')
    expect((await asked).postDataJSON()).toMatchObject({ class_labels: [8], seed: 8 })
    await expect.poll(() => stop(4).getByRole('button', { name: 'Race' }).count(), patience).toBe(1)
  })

  it('leads to the other views, and out only in a tab of its own that does not know where from', async () => {
    const links = await stop(6).getByRole('link').all()
    const found = await Promise.all(
      links.map(async (link) => [await link.getAttribute('href'), await link.getAttribute('rel')] as const),
    )
    expect(found.filter(([href]) => href?.startsWith('#/')).length).toBe(4)
    expect(found.some(([href]) => href?.startsWith('#/same-noise?') && href.includes('seed=8'))).toBe(true)
    const outside = found.filter(([href]) => href?.startsWith('https:'))
    expect(outside.map(([href]) => href)).toContain('https://arxiv.org/abs/2412.17153')
    for (const [, rel] of outside) expect(rel).toContain('noopener')
  })

  it.each(['light', 'dark'] as const)('fits a phone: %s', async (colorScheme) => {
    const phone = await openPage(browser, `${served.url}#/explain?model=sprites-llamagen-dd`, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      colorScheme,
    })
    await shows(phone.page, '.explain-stop', /64 tokens/)
    expect(await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    const weak = await phone.page.evaluate(() => {
      const luminance = (colour: string) => {
        const [r, g, b] = colour.match(/[\d.]+/g)!.map((text) => Number(text) / 255)
        const linear = (c: number) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        return 0.2126 * linear(r!) + 0.7152 * linear(g!) + 0.0722 * linear(b!)
      }
      return [...document.querySelectorAll('.explain-chip')]
        .map((chip) => getComputedStyle(chip))
        .map(({ color, backgroundColor }) => [luminance(color), luminance(backgroundColor)].sort((a, b) => a - b))
        .filter(([low, high]) => (high! + 0.05) / (low! + 0.05) < 4.5)
    })
    expect(weak).toEqual([])
    expect(phone.complaints).toEqual([])
    await phone.page.context().close()
  })

  it('complained about nothing, and talked to nobody else', () => {
    expect(opened.complaints).toEqual([])
  })

  it('says what to do when the server is gone, and still explains', async () => {
    served.process.kill('SIGKILL')
    await expect.poll(() => stop(4).getByRole('button', { name: 'Race' }).isEnabled(), patience).toBe(true)
    await stop(4).getByRole('button', { name: 'Race' }).press('Enter')
    await expect.poll(() => stop(4).getByRole('alert').textContent(), patience).toMatch(/Try again/)
    await slider(1, /^Token/).focus()
    await press(page, 'Home')
    await expect.poll(() => stop(1).textContent(), patience).toContain('Token 1 of 64')
  })
})
