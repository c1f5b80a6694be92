// Same noise: what differs between pictures, in figures and words, and the comparison as a page.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Column, chosenColumns, columnsOf } from '../../web/src/views/same-noise/columns.ts'
import { difference, meanOf } from '../../web/src/views/same-noise/difference.ts'
import { asksOf, readRows } from '../../web/src/views/same-noise/rows.ts'
import { findings, levelsText } from '../../web/src/views/same-noise/sentence.ts'
import { chromium, describeWith } from '../requirements.ts'
import { patience, press, settingsOf } from './app.ts'
import { fakeModels } from './fake-models.ts'
import { counted, type FakeSite, fakeSite, focusOrder, overflows, turn } from './fake-page.ts'

const [varModel, llamaGenModel] = fakeModels as [(typeof fakeModels)[0], (typeof fakeModels)[0]]

describe('the difference of two pictures', () => {
  const grey = (...levels: number[]) => ({
    data: Uint8ClampedArray.from(levels.flatMap((level) => [level, level, level, 255])),
    width: levels.length,
    height: 1,
  })

  it('is none between equal ones', () => {
    expect(difference(grey(1, 2), grey(1, 2))).toEqual({ levels: 0, equal: 1, alike: 1, map: Uint8Array.of(0, 0) })
  })

  it('counts levels, equal pixels, and those that look alike', () => {
    const found = difference(grey(10, 10, 10, 10), grey(10, 18, 19, 110))
    expect(found).toEqual({ levels: (8 + 9 + 100) / 4, equal: 1 / 4, alike: 2 / 4, map: Uint8Array.of(0, 8, 9, 100) })
  })

  it('takes the channel that is furthest away, and leaves opacity out', () => {
    const pixel = (...rgba: number[]) => ({ data: Uint8ClampedArray.from(rgba), width: 1, height: 1 })
    expect(difference(pixel(0, 3, 30, 255), pixel(0, 0, 0, 0))).toMatchObject({ levels: 11, map: Uint8Array.of(30) })
  })

  it('does not compare pictures of two sizes', () => {
    expect(() => difference(grey(1), grey(1, 2))).toThrow(RangeError)
    expect(meanOf([])).toBeUndefined()
    expect(meanOf([1, 3])).toBe(2)
  })
})

describe('columns and rows', () => {
  it('begin with the flow map, and leave the draws out unless asked for', () => {
    const columns = columnsOf(varModel)
    expect(columns.map(({ key, kind }) => `${key} ${kind}`)).toEqual([
      'flow flow',
      '1 student',
      '2 student',
      '3 involved',
      '4 involved',
      'teacher draws',
    ])
    expect(chosenColumns(columns, undefined).map(({ key }) => key)).toEqual(['flow', '1', '2', '3', '4'])
    expect(chosenColumns(columns, 'teacher,1').map(({ key }) => key)).toEqual(['1', 'teacher'])
    expect(chosenColumns(columns, 'nonsense')).toHaveLength(5)
    expect(columnsOf(llamaGenModel).map(({ evaluations }) => evaluations)).toEqual([64, 1, 2, 10, 25, 64])
  })

  it('exist without a teacher, and without a student', () => {
    expect(columnsOf({ ...varModel, teacher: false, presets: varModel.presets.slice(0, 2) })).toHaveLength(2)
    expect(columnsOf({ ...varModel, student: false }).map(({ key }) => key)).toEqual(['flow', 'teacher'])
  })

  it('are classes times noises of one seed, no more than one ask takes', () => {
    expect(asksOf({ classes: [3, 5], seed: 7, index: 0, noises: 2 })).toEqual([
      { class: 3, noise: { seed: 7 } },
      { class: 3, noise: { seed: 7, index: 1 } },
      { class: 5, noise: { seed: 7 } },
      { class: 5, noise: { seed: 7, index: 1 } },
    ])
    expect(asksOf({ classes: [0, 1, 2, 3, 4, 5], seed: 7, index: 0, noises: 3 })).toHaveLength(10)
    expect(readRows({ classes: '3,3,99,x,5' }, varModel)).toEqual({ classes: [3, 5], seed: 7, index: 0, noises: 2 })
    expect(readRows({ class: '4', seed: '9' }, varModel)).toEqual({ classes: [4], seed: 9, index: 0, noises: 3 })
  })
})

describe('what it all says', () => {
  const column = (key: string) => columnsOf(varModel).find((other) => other.key === key) as Column
  const flow = { column: column('flow'), seconds: 0.1 }

  it('is made of the figures', () => {
    const measured = [flow, { column: column('1'), seconds: 0.01, levels: 27.4 }, { column: column('2'), levels: 24 }]
    expect(findings(measured, 38)).toEqual([
      '1 step lands 27 of 255 levels from the flow map’s picture, 10 times as fast; 2 steps at 24.',
      'Pictures of two noises of one class are 38 levels apart.',
    ])
  })

  it('claims no speed that was not measured, and nothing without a flow map', () => {
    expect(findings([flow, { column: column('1'), levels: 3.96 }])).toEqual([
      '1 step lands 4 of 255 levels from the flow map’s picture.',
    ])
    expect(findings([{ column: column('1'), levels: 3 }])).toEqual([])
    expect(levelsText(9.96)).toBe('10')
  })

  it('says that draws do not follow the noise', () => {
    const measured = [flow, { column: column('1'), levels: 3 }, { column: column('3'), levels: 25 }]
    expect(findings(measured).at(-1)).toMatch(/\(3 steps: 25\).*by dice/)
  })
})

describeWith(chromium)('the view', () => {
  let site: FakeSite
  beforeAll(async () => {
    site = await fakeSite()
  })
  afterAll(() => site?.close())

  const times = (page: Page) => page.locator('.same-time').allTextContents()
  const done = (page: Page) =>
    expect
      .poll(
        async () => (await times(page)).every((time) => / m?s$/.test(time)) && (await times(page)).length > 0,
        patience,
      )
      .toBe(true)
  const ways = async (page: Page) => (await counted(page)).asks.map((ask) => 'options' in ask && ask.options)

  it('answers one noise in every way, and measures', async () => {
    const page = await site.open('#/same-noise?classes=3,5&seed=7&noises=1')
    await done(page)
    expect(await page.locator('thead th strong').allTextContents()).toEqual([
      'Teacher’s flow map',
      '1 step',
      '2 steps',
      '3 steps',
      '4 steps',
    ])
    expect(await page.locator('tbody th strong').allTextContents()).toEqual(['boat', 'cat'])
    expect(await page.locator('tbody img').count()).toBe(10)
    expect(await page.getAttribute('tbody img >> nth=1', 'alt')).toBe('boat, 1 step')
    const figures = await page.locator('.same-figures').allTextContents()
    expect(figures.filter((text) => text === 'reference')).toHaveLength(2)
    expect(figures.filter((text) => /^[\d.]+ levels off\d+ % alike$/.test(text))).toHaveLength(8)
    expect(await page.textContent('.same-words')).toMatch(/^1 step lands \d+(\.\d)? of 255 levels from the flow map/)
    await page.close()
  })

  it('makes the cheapest first, then takes the times from a second run', async () => {
    const page = await site.open('#/same-noise?classes=3&seed=7&noises=2&ways=flow,1')
    await done(page)
    expect(await ways(page)).toEqual([{ steps: 1 }, { flow: true }, { steps: 1 }, { flow: true }])
    expect((await counted(page)).asks[0]).toMatchObject({
      images: [
        { class: 3, noise: { seed: 7 } },
        { class: 3, noise: { seed: 7, index: 1 } },
      ],
    })
    await page.click('text=Measure the times again')
    await expect.poll(async () => (await ways(page)).length, patience).toBe(6)
    await done(page)
    await page.close()
  })

  it('keeps what it has made: another column or row asks for that alone', async () => {
    const page = await site.open('#/same-noise?classes=3&seed=7&noises=1&ways=flow,1')
    await done(page)
    await page.focus('.same-ways input >> nth=2')
    await press(page, 'Space')
    await expect.poll(() => settingsOf(page).ways, patience).toBe('flow,1,2')
    await done(page)
    expect((await ways(page)).slice(4)).toEqual([{ steps: 2 }, { steps: 2 }])
    await page.focus('text=Add a class')
    await press(page, 'Enter')
    await expect.poll(() => page.locator('tbody img').count(), patience).toBe(6)
    const { asks } = await counted(page)
    expect(asks.slice(6)).toHaveLength(3)
    for (const ask of asks.slice(6)) expect(ask).toMatchObject({ images: [{ class: 0, noise: { seed: 7 } }] })
    await page.close()
  })

  it('goes on with the other ways when one fails, and tries that one again', async () => {
    const fault = { code: 'engine', message: 'The engine died.', remedy: 'It is starting again.', again: true } as const
    const page = await site.open('#/same-noise?classes=3&seed=7&noises=1&ways=flow,1', { fake: { fault } })
    await expect.poll(() => page.textContent('[role=alert]'), patience).toMatch(/The engine died\.\s*It is starting/)
    await expect.poll(() => page.locator('tbody img').count(), patience).toBe(1)
    await page.click('[role=alert] button')
    await done(page)
    expect(await page.isVisible('[role=alert]')).toBe(false)
    expect(await page.locator('tbody img').count()).toBe(2)
    await page.close()
  })

  it('shows a queue and the evaluations of a long way', async () => {
    const page = await site.open('#/same-noise?classes=3&seed=7&noises=1&ways=flow', {
      fake: { ahead: 2, delay: 1500 },
    })
    await expect.poll(() => times(page), patience).toEqual(['2 before'])
    await expect.poll(() => times(page), patience).toEqual([expect.stringMatching(/^\d of 6$/)])
    await page.close()
  })

  it('stops its work on a change and when it is left', async () => {
    const page = await site.open('#/same-noise?classes=3&seed=7&noises=1', { fake: { delay: 100_000 } })
    await expect.poll(async () => (await counted(page)).asks.length, patience).toBe(1)
    await page.check('input[name=same-noises] >> nth=2', { force: true })
    await expect.poll(async () => (await counted(page)).asks.length, patience).toBe(2)
    expect((await counted(page)).aborted).toBe(1)
    await page.click('text=Elsewhere')
    await expect.poll(async () => (await counted(page)).aborted, patience).toBe(2)
    await turn(page, { delay: 2 })
    await page.close()
  })

  it('scrolls the table, not the page, on a phone', async () => {
    const page = await site.open('#/same-noise?seed=7', { width: 360 })
    await done(page)
    expect(await overflows(page)).toBe(false)
    await page.focus('.same-scroll')
    await press(page, 'ArrowRight', 'ArrowRight')
    await expect
      .poll(() => page.evaluate(() => document.querySelector('.same-scroll')!.scrollLeft), patience)
      .toBeGreaterThan(0)
    await page.close()
  })

  it('has everything within reach of Tab, the table that scrolls, too', async () => {
    const page = await site.open('#/same-noise?class=3&seed=7')
    await done(page)
    expect((await focusOrder(page)).slice(1)).toEqual([
      'Class',
      'Add a class',
      'Seed',
      'Seed: roll the dice',
      '3',
      'Teacher’s flow map',
      '1 step',
      '2 steps',
      '3 steps',
      '4 steps',
      'Teacher',
      'Comparison',
      'Measure the times again',
    ])
    await page.close()
  })

  it('complained about nothing', () => {
    expect(site.complaints).toEqual([])
  })
})
