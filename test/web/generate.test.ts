// The Generate view end to end: by keyboard alone, from an address, after a reload, from a picture that comes back.
import { readFile } from 'node:fs/promises'
import { unzipSync } from 'fflate'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readPngText } from '../../src/images/png-text.ts'
import { load } from '../../src/index.ts'
import { chromium, describeWith } from '../requirements.ts'
import { launch, type Opened, openPage, patience, press, type Served, serveApp, settingsOf, shows } from './app.ts'

describeWith(chromium)('Generate', () => {
  let served: Served
  let browser: Browser
  let opened: Opened
  let page: Page

  beforeAll(async () => {
    served = await serveApp()
    browser = await launch()
    opened = await openPage(browser, `${served.url}#/generate?class=3&seed=7&count=4`)
    page = opened.page
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    served?.process.kill('SIGKILL')
  })

  const made = (count: number) =>
    expect.poll(() => page.locator('.sheet:not([aria-busy=true]) .tile img').count(), patience).toBe(count)
  const says = (what: string | RegExp) => shows(page, '.readout [role=status]', what)
  const saved = async (act: () => Promise<unknown>) => {
    const [download] = await Promise.all([page.waitForEvent('download', patience), act()])
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) }
  }

  it('makes what the address says, at once, and says how long a picture took', async () => {
    await made(4)
    await says(/^4 pictures in [\d.]+ m?s, 1 network evaluation each/)
    await shows(page, '.time', /^[\d.]+m?s$/)
    await shows(page, '.details', /^boat.*seed 7, picture 0 · 1 step · sprites-var-dd · 32 × 32 pixels/)
    await shows(page, '.way-picker label:first-child .way-cost', /^[\d.]+ m?s$/)
  })

  it('shows small pictures large, with hard pixels', async () => {
    const image = page.locator('.tile img').first()
    expect((await image.boundingBox())!.width).toBeGreaterThan(200)
    expect(await image.evaluate((element) => getComputedStyle(element).imageRendering)).toBe('pixelated')
  })

  it('finds a class by a few letters and takes it with Enter', async () => {
    await press(page, '/')
    await page.keyboard.type('ro')
    await shows(page, '.option[aria-selected=true]', /rocket/)
    const combobox = page.getByRole('combobox', { name: 'Class' })
    expect(await combobox.getAttribute('aria-expanded')).toBe('true')
    const active = await combobox.getAttribute('aria-activedescendant')
    expect(await page.locator(`[id="${active}"]`).textContent()).toContain('rocket')
    await press(page, 'Enter')
    expect(await combobox.inputValue()).toBe('rocket')
    await shows(page, '.details', /^rocket/)
    expect(settingsOf(page)).toMatchObject({ class: '8', seed: '7', count: '4' })
  })

  it('moves in the list with the arrows, and leaves everything with Escape', async () => {
    const combobox = page.getByRole('combobox', { name: 'Class' })
    await combobox.focus()
    await press(page, 'ArrowDown', 'ArrowDown')
    await shows(page, '.option[aria-selected=true]', /cup/)
    await press(page, 'Escape')
    expect(await combobox.getAttribute('aria-expanded')).toBe('false')
    expect(await combobox.inputValue()).toBe('rocket')
    await page.keyboard.type('zebra')
    await shows(page, '.options', /No class of this model is called “zebra”/)
    await press(page, 'Escape', 'Tab')
    expect(settingsOf(page).class).toBe('8')
  })

  it('rolls the dice with R, chooses steps by number, and letters in a field stay letters', async () => {
    await page.locator('#main').focus()
    await press(page, 'r')
    await expect.poll(() => settingsOf(page).seed, patience).not.toBe('7')
    await press(page, '2')
    await says(/2 network evaluations each/)
    expect(settingsOf(page).steps).toBe('2')
    await page.getByRole('spinbutton', { name: 'Seed' }).focus()
    await press(page, 'Control+a')
    await page.keyboard.type('12')
    await press(page, 'r')
    await expect.poll(() => settingsOf(page).seed, patience).toBe('12')
    await press(page, '1', 'Backspace')
    expect(settingsOf(page)).toMatchObject({ seed: '12', steps: '2' })
    await shows(page, '.details', /seed 12, picture 0 · 2 steps/)
  })

  it('does not start by itself when told so, and does with Enter', async () => {
    await page.getByRole('checkbox', { name: 'as soon as a setting changes' }).focus()
    await press(page, 'Space')
    await page.locator('#main').focus()
    await press(page, 'r')
    // The key is heard at once, the settings are those of the next rendering.
    const seed = page.getByRole('spinbutton', { name: 'Seed' })
    await expect.poll(() => seed.inputValue(), patience).not.toBe('12')
    await shows(page, '.details', /seed 12,/)
    await press(page, 'Enter')
    await shows(page, '.details', new RegExp(`seed ${settingsOf(page).seed},`))
    await page.getByRole('checkbox', { name: 'as soon as a setting changes' }).check()
  })

  it('moves in the grid and downloads the selected picture, byte for byte the library’s', async () => {
    await page.goto(`${served.url}#/generate?class=3&seed=7&count=4`)
    await shows(page, '.details', /^boat.*seed 7, picture 0 · 1 step/)
    await made(4)
    await page.getByRole('option', { name: 'boat, picture 1' }).focus()
    await press(page, 'ArrowRight', 'ArrowDown')
    await shows(page, '.details', /picture 3/)
    await press(page, 'Home', 'ArrowRight')
    await shows(page, '.details', /picture 1 /)
    const { name, bytes } = await saved(() => press(page, 'd'))
    expect(name).toBe('boat-1-step-seed-7-1.png')
    const model = await load('sprites-var-dd', { device: 'cpu', threads: 1 })
    const { images } = await model.sample({ classes: ['boat'], count: 4, seed: 7 })
    await model.dispose()
    expect(bytes.equals(await images[1]!.encode('png'))).toBe(true)
  })

  it('packs all pictures into a ZIP, each with its settings inside', async () => {
    const { name, bytes } = await saved(() => press(page, 'z'))
    expect(name).toBe('boat-1-step-seed-7.zip')
    const files = unzipSync(new Uint8Array(bytes))
    expect(Object.keys(files)).toEqual([0, 1, 2, 3].map((i) => `boat-1-step-seed-7-${i}.png`))
    const indices = Object.values(files).map(
      (png) => JSON.parse(readPngText(png).get('distilled-decoding')!).index as number,
    )
    expect(indices).toEqual([0, 1, 2, 3])
  })

  it('gets its settings back from a picture: as a file, dropped, pasted', async () => {
    const model = await load('sprites-var-dd', { device: 'cpu', threads: 1 })
    const { images } = await model.sample({ classes: ['key'], count: 6, seed: 99, steps: 2 })
    await model.dispose()
    const file = { name: 'key.png', mimeType: 'image/png', buffer: Buffer.from(await images[5]!.encode('png')) }
    await page.setInputFiles('input[type=file]', file)
    await shows(page, '.details', /^key.*seed 99, picture 5 · 2 steps/)
    expect(settingsOf(page)).toMatchObject({ class: '10', seed: '99', steps: '2', first: '5', count: '1' })

    const jpeg = await images[1]!.encode('jpeg')
    await bring(page, 'drop', [...jpeg], 'image/jpeg')
    await expect.poll(() => settingsOf(page).first, patience).toBe('1')
    await bring(page, 'paste', [...(await images[0]!.encode('png'))], 'image/png')
    await expect.poll(() => settingsOf(page).first, patience).toBeUndefined()
    await shows(page, '.details', /^key.*seed 99, picture 0 · 2 steps/)
  })

  it('says in what the picture made again is not the one that came back', async () => {
    const model = await load('sprites-var-dd', { device: 'cpu', threads: 1 })
    const ask = { classes: ['key'], seed: 98, teacherOnly: true, teacher: { cfg: 4 } }
    const { images } = await model.sample(ask)
    await model.dispose()
    await bring(page, 'drop', [...(await images[0]!.encode('png'))], 'image/png')
    await shows(page, '.details', /^key.*seed 98, picture 0 · 6 steps/)
    await shows(page, '.note', /was made with cfg 4 \(here [\d.]+\)/)
    await page.goBack()
    await shows(page, '.details', /seed 99/)
    expect(await page.locator('.note').count()).toBe(0)
  })

  it('says what is wrong with a file that is none of ours', async () => {
    await page.setInputFiles('input[type=file]', { name: 'note.png', mimeType: 'image/png', buffer: Buffer.from('?') })
    await shows(page, '[role=alert]', /note.png carries no settings/)
  })

  it('keeps a history that survives a reload and brings settings back', async () => {
    await shows(page, '.strip li:first-child', /key.*seed 99/)
    const before = await page.locator('.strip li').count()
    expect(before).toBeGreaterThan(4)
    await page.reload()
    await expect.poll(() => page.locator('.strip li').count(), patience).toBe(before)
    await shows(page, '.details', /^key/)
    await page.locator('.strip button', { hasText: 'rocket' }).first().click()
    await shows(page, '.details', /^rocket/)
    expect(settingsOf(page).class).toBe('8')
    await page.goBack()
    await shows(page, '.details', /^key/)
  })

  it('cancels what runs when a setting changes', async () => {
    const cancelled: string[] = []
    page.on('requestfailed', (request) => cancelled.push(request.url()))
    await page.goto(`${served.url}#/generate?model=sprites-llamagen-dd&class=3&seed=1&count=32&steps=teacher`)
    await expect.poll(() => page.locator('.sheet[aria-busy=true]').count(), patience).toBe(1)
    await page.locator('#main').focus()
    await page.waitForTimeout(400)
    await press(page, '1')
    await says(/^32 pictures in/)
    await shows(page, '.details', /seed 1, picture 0 · 1 step/)
    expect(cancelled.some((url) => url.endsWith('/api/sample'))).toBe(true)
  })

  it('shows earlier pictures until theirs come, and not beside those of a run that was stopped', async () => {
    await page.goto(`${served.url}#/generate?model=sprites-llamagen-dd&class=3&seed=1&count=32&steps=teacher`)
    await expect.poll(() => page.locator('.sheet[aria-busy=true]').count(), patience).toBe(1)
    await says(/evaluation \d+ of 64, 0 of 32 made/)
    expect(await page.locator('.tile img').count()).toBe(32)
    expect(await page.getByRole('button', { name: 'All as ZIP' }).count()).toBe(0)
    await page.locator('#main').focus()
    await press(page, 'Escape')
    await says('Stopped after 0 pictures.')
    expect(await page.locator('.tile img').count()).toBe(32)
    await press(page, 'Enter')
    await says(/, (8|16|24) of 32 made/)
    await press(page, 'Escape')
    await says(/^Stopped after (8|16|24) pictures/)
    const [count] = (await page.locator('.readout [role=status]').textContent())!.match(/\d+/)!
    expect(await page.locator('.tile img').count()).toBe(Number(count))
    const { name, bytes } = await saved(() => press(page, 'z'))
    expect(name).toBe('boat-teacher-seed-1.zip')
    expect(Object.keys(unzipSync(new Uint8Array(bytes)))).toHaveLength(Number(count))
    await press(page, '1')
    await made(32)
  })

  it('explains its keys behind ?, and Escape closes them', async () => {
    await press(page, '?')
    const dialog = page.getByRole('dialog', { name: 'Keys' })
    await expect.poll(() => dialog.isVisible(), patience).toBe(true)
    expect(await dialog.textContent()).toMatch(/roll the dice.*search a class/)
    await press(page, 'Escape')
    await expect.poll(() => dialog.isVisible(), patience).toBe(false)
  })

  it('complained about nothing, and talked to nobody else', () => {
    expect(opened.complaints).toEqual([])
  })
})

/** Drops or pastes a file, as the browser would tell the page of it. */
async function bring(page: Page, how: 'drop' | 'paste', bytes: number[], type: string): Promise<void> {
  await page.evaluate(
    ([kind, content, mime]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([new Uint8Array(content)], 'picture', { type: mime }))
      const event =
        kind === 'paste'
          ? new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true })
          : new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true })
      document.body.dispatchEvent(event)
    },
    [how, bytes, type] as const,
  )
}
