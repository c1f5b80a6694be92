// The frame around the views: where one is, which model, how it looks, how fast it comes; and the fence the page lives in.
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chromium, describeWith } from '../requirements.ts'
import { launch, type Opened, openPage, patience, press, type Served, serveApp, settingsOf, shows } from './app.ts'

const titles = {
  generate: 'Generate',
  'same-noise': 'Same noise',
  walk: 'Noise walk',
  trajectory: 'Trajectory',
  explain: 'Explain',
  report: 'Report',
}

describeWith(chromium)('the frame', () => {
  let served: Served
  let browser: Browser
  let opened: Opened
  let page: Page

  beforeAll(async () => {
    served = await serveApp()
    browser = await launch()
    opened = await openPage(browser, served.url)
    page = opened.page
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    served?.process.kill('SIGKILL')
  })

  it('opens on Generate, ready to go', async () => {
    await shows(page, 'h1', 'Generate')
    await shows(page, '.frame-foot', /sprites-var-dd on the server: cpu, 1 thread/)
  })

  it('goes to every view by keyboard, and back', async () => {
    const [first, ...others] = Object.entries(titles)
    for (const [name, title] of [...others, first!]) {
      await page.locator('.nav').getByRole('link', { name: title, exact: true }).focus()
      await press(page, 'Enter')
      await expect.poll(() => new URL(page.url()).hash.split('?')[0], patience).toBe(`#/${name}`)
      await expect.poll(() => page.title(), patience).toBe(`${title} · Distilled Decoding`)
      await shows(page, 'main h1', /\S/)
      expect(await page.getAttribute('.nav [aria-current=page]', 'href')).toContain(`#/${name}`)
      await expect.poll(() => page.evaluate(() => document.activeElement?.id), patience).toBe('main')
    }
    await page.goBack()
    await expect.poll(() => page.title(), patience).toMatch(/^Report/)
  })

  it('skips to the content with the first Tab', async () => {
    await page.goto(`${served.url}#/generate?class=3&seed=7`)
    await page.reload()
    await shows(page, 'h1', 'Generate')
    await press(page, 'Tab')
    await shows(page, ':focus', 'Skip to the content')
    expect(await page.locator(':focus').evaluate((link) => getComputedStyle(link).outlineStyle)).toBe('solid')
    await press(page, 'Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
    expect(settingsOf(page)).toMatchObject({ class: '3', seed: '7' })
  })

  it('changes the model, and the settings say so', async () => {
    await page.selectOption('select[aria-label=Model]', 'sprites-llamagen-dd')
    await shows(page, '.frame-foot', /sprites-llamagen-dd on the server/)
    expect(settingsOf(page).model).toBe('sprites-llamagen-dd')
    await shows(page, '.way-picker', /10 steps/)
  })

  it('is light or dark as the system has it, or as one says, and remembers', async () => {
    const ground = () => page.evaluate(() => getComputedStyle(document.body.parentElement!).backgroundColor)
    const light = await ground()
    await page.emulateMedia({ colorScheme: 'dark' })
    const dark = await ground()
    expect(dark).not.toBe(light)
    const button = page.getByRole('button', { name: /^Colours:/ })
    await button.click()
    expect(await ground()).toBe(light)
    await page.reload()
    await shows(page, 'h1', 'Generate')
    expect(await ground()).toBe(light)
    await button.click()
    await button.click()
    await page.emulateMedia({ colorScheme: 'light' })
    expect(await ground()).toBe(light)
  })

  it('moves nothing for those who do not want it', async () => {
    const longest = await page.evaluate(() => {
      const seconds = (text: string) => Math.max(...text.split(',').map((part) => Number.parseFloat(part)))
      const styles = [...document.querySelectorAll('*')].map((element) => getComputedStyle(element))
      return Math.max(...styles.map((style) => seconds(style.transitionDuration) + seconds(style.animationDuration)))
    })
    expect(longest).toBeLessThan(0.001)
  })

  it.each(Object.keys(titles))('fits a phone: %s', async (name) => {
    const phone = await openPage(browser, `${served.url}#/${name}`, { viewport: { width: 390, height: 844 } })
    await shows(phone.page, 'main h1', /\S/)
    expect(await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    expect(phone.complaints).toEqual([])
    await phone.page.context().close()
  })

  it('is cross-origin isolated, so that WebAssembly has threads', async () => {
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
  })

  it('runs no script, style, frame or request that is not its own', async () => {
    const blocked = await page.evaluate(async () => {
      const said: string[] = []
      document.addEventListener('securitypolicyviolation', (event) => said.push(event.effectiveDirective))
      const add = (name: string, set: Record<string, string>) =>
        document.body.append(Object.assign(document.createElement(name), set))
      add('script', {})
      document.body.insertAdjacentHTML('beforeend', '<p style="color: red">')
      add('img', { src: 'https://example.org/x.png' })
      add('link', { rel: 'stylesheet', href: 'https://example.org/x.css' })
      await fetch('https://example.org/').catch(() => {})
      for (const attempt of [
        () => new Worker('https://example.org/x.js'),
        () => document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>'),
      ]) {
        try {
          attempt()
          said.push('allowed')
        } catch {
          said.push('refused')
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 300))
      return said
    })
    expect(blocked).toEqual(expect.arrayContaining(['style-src-attr', 'img-src', 'style-src-elem', 'connect-src']))
    expect(blocked.filter((name) => name === 'refused')).toHaveLength(2)
    expect(blocked).not.toContain('allowed')
    opened.complaints.length = 0
  })

  it('comes in less than 100 kB before the first picture', async () => {
    const first = await openPage(browser, `${served.url}#/generate`, { serviceWorkers: 'block' })
    await shows(first.page, '.details', /seed 0/)
    const addresses = await first.page.evaluate(() => [
      location.pathname,
      ...performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname),
    ])
    const files = [...new Set(addresses)].filter((path) => path === '/' || /\.(js|css|svg|webmanifest)$/.test(path))
    expect(files.length).toBeGreaterThan(3)
    const sizes = await Promise.all(
      files.map(async (path) => gzipSync(await (await fetch(new URL(path, served.url))).bytes()).length),
    )
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100_000)
    await first.page.context().close()
  })

  it('complained about nothing, and talked to nobody else', () => {
    expect(opened.complaints).toEqual([])
  })
})
