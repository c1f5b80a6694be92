// The review page end to end, in headless Chromium and by keyboard alone: what the reviewer does is what the page shows,
// what a reload finds, and what the report counts.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from '../../scripts/chromium.js'
import { distilled, temporaryFolder } from '../cli/command-line.ts'
import { chromium, describeWith } from '../requirements.ts'

const bin = fileURLToPath(new URL('../../bin/distilled.js', import.meta.url))
/** Machines may be busy; a wait that succeeds takes milliseconds. */
const patience = { timeout: 30_000, interval: 20 }
const folder = join(temporaryFolder(), 'review')
const classes = ['fish', 'cat', 'key', 'star']

describeWith(chromium)('the review page', () => {
  let server: ChildProcess
  let url: string
  let browser: Browser
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    const model = ['--model', 'sprites-var-dd', '--classes', classes.join(','), '--count', '3', '--threads', '1']
    expect(await distilled('review', 'run', ...model, '--out', folder)).toMatchObject({ code: 0 })
    server = spawn(process.execPath, [bin, 'review', 'open', folder, '--port', '0'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    url = String((await once(server.stdout!, 'data'))[0]).trim()
    browser = await launchChromium('--disable-gpu')
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('requestfailed', (request) => complaints.push(request.url()))
    await page.goto(url)
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    server?.kill('SIGKILL')
  })

  const text = (id: string) => page.textContent(`#${id}`)
  const shows = (id: string, what: string | RegExp) => expect.poll(() => text(id), patience).toMatch(what)
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key)
  }
  const isOpen = (dialog: string) => page.isVisible(`#${dialog}-dialog`)
  const choose = async (filter: string, value: string) => {
    await page.focus(`#${filter}-filter`)
    await page.selectOption(`#${filter}-filter`, value)
    await page.keyboard.press('Escape')
  }

  it('asks for initials once, and takes no verdict before', async () => {
    await expect.poll(() => isOpen('initials'), patience).toBe(true)
    await press('a')
    await page.fill('#initials', '1')
    await press('Enter')
    expect(await isOpen('initials')).toBe(true)
    await page.fill('#initials', 'ab')
    await press('Enter')
    await shows('reviewer', 'Reviewer AB')
    await shows('progress-text', /^0 of 12 reviewed$/)
    expect(readFileSync(join(folder, 'verdicts.jsonl'), 'utf8')).toBe('')
  })

  it('shows the image with its class and how it was made', async () => {
    await shows('class-name', /^0\s*fish$/)
    await shows('position', /sprites-var-dd . 1 of 12/)
    await shows('settings', /1 step.*seed 0.*sprites-var-dd\.safetensors, SHA-256 [0-9a-f]{12}/)
    const size = () => page.evaluate(() => (document.getElementById('image') as HTMLImageElement).naturalWidth)
    await expect.poll(size, patience).toBe(32)
    expect((await page.locator('#image').boundingBox())!.width).toBeGreaterThan(400)
    expect(await page.getAttribute('#image', 'alt')).toBe('Generated image 1 of class 0, fish')
  })

  it('accepts with A and goes on, flags with F, undoes with U and Backspace', async () => {
    await press('a')
    await shows('progress-text', /^1 of 12 reviewed$/)
    await shows('position', /2 of 12/)
    await press('f')
    await shows('progress-text', /^2 of 12 reviewed, 1 flagged$/)
    await shows('said', 'Flagged: fish 2, sprites-var-dd.')
    await press('u')
    await shows('progress-text', /^1 of 12 reviewed$/)
    await shows('position', /2 of 12/)
    await press('Backspace')
    await shows('progress-text', /^0 of 12 reviewed$/)
    await press('u')
    await shows('said', 'AB has nothing to undo.')
    await press('a')
    await shows('progress-text', /^1 of/)
    await press('f')
    await shows('progress-text', /^2 of 12 reviewed, 1 flagged$/)
  })

  it('keeps a note, in which letters are letters', async () => {
    await press('ArrowLeft')
    await shows('standing', /Flagged by AB/)
    await press('n')
    await page.keyboard.type('a fin of <b>f</b>ish?')
    await press('Enter')
    await shows('note', 'a fin of <b>f</b>ish?')
    await shows('progress-text', /^2 of 12 reviewed, 1 flagged$/)
    await press('n')
    await page.keyboard.type(' never mind')
    await press('Escape')
    await expect.poll(() => isOpen('note'), patience).toBe(false) // the browser closes it, in its own time
    await shows('note', /^a fin of <b>f<\/b>ish\?AB$/)
  })

  it('steps through images and classes with the arrows', async () => {
    await press('ArrowDown')
    await shows('class-name', /cat/)
    await press('ArrowDown', 'ArrowRight')
    await shows('position', /8 of 12/)
    await press('ArrowUp', 'ArrowUp')
    await shows('position', /1 of 12/)
    expect(await page.isDisabled('#previous')).toBe(true)
  })

  it('filters by class and state; typing in a filter is no verdict', async () => {
    await page.focus('#class-filter')
    await page.keyboard.type('5')
    await press('Escape')
    await shows('position', /1 of 3/)
    await shows('class-name', /cat/)
    await press('a', 'ArrowLeft')
    await shows('progress-text', /^3 of 12/)
    await choose('class', '')
    await page.check('input[value=flagged]')
    await shows('position', /1 of 1/)
    await shows('note', /a fin/)
    await page.check('input[value=open]')
    await shows('position', /of 9/)
  })

  it('opens the help and closes it again with the same key', async () => {
    await press('?')
    expect(await isOpen('help')).toBe(true)
    await press('a', '?')
    expect(await isOpen('help')).toBe(false)
    await shows('progress-text', /^3 of 12/)
  })

  it('loses nothing on reload: verdicts, note, filters, image, reviewer', async () => {
    await choose('class', '10 key')
    await press('ArrowRight')
    await shows('position', /2 of 3/)
    const before = await Promise.all(['position', 'class-name', 'progress-text', 'reviewer'].map(text))
    await page.reload()
    await shows('position', /2 of 3/)
    expect(await Promise.all(['position', 'class-name', 'progress-text', 'reviewer'].map(text))).toEqual(before)
    expect(await isOpen('initials')).toBe(false)
    expect(await page.isChecked('input[value=open]')).toBe(true)
  })

  it('goes through the rest and says when nothing is left', async () => {
    await choose('class', '')
    for (let done = 4; done <= 12; done++) {
      await press('a')
      await shows('progress-text', new RegExp(`^${done} of 12`))
    }
    await shows('empty', /Nothing is left to look at here/)
    expect(await page.isVisible('#frame')).toBe(false)
    await press('a', 'f', 'ArrowRight')
    await shows('progress-text', /^12 of 12 reviewed, 1 flagged$/)
  })

  it('the report agrees', async () => {
    const { stdout } = await distilled('review', 'report', folder, '--format', 'json')
    const { total, models, findings } = JSON.parse(stdout)
    expect(total).toMatchObject({
      images: 12,
      reviewed: 12,
      accepted: 11,
      flagged: 1,
      defectRate: 1 / 12,
      reviewers: ['AB'],
    })
    const rows = models[0].classes.map(({ name, flagged }: { name: string; flagged: number }) => [name, flagged])
    expect(rows).toEqual(classes.map((name) => [name, name === 'fish' ? 1 : 0]))
    expect(findings).toMatchObject([{ verdict: 'flagged', note: 'a fin of <b>f</b>ish?', reviewer: 'AB' }])
  })

  it('shows where the focus is', async () => {
    await page.focus('#next')
    await press('Tab')
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)
    expect(outline).toBe('solid')
  })

  it('complained about nothing, and talked to nobody else', () => {
    expect(complaints).toEqual([])
  })

  it('says that nothing was saved when the server is gone', async () => {
    await page.check('input[value=all]')
    server.kill('SIGINT')
    expect(await once(server, 'exit')).toEqual([130, null])
    await press('u')
    await shows('fault', /^Not saved: the server does not answer/)
    await shows('progress-text', /^12 of 12/)
  })
})
