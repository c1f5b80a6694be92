// The noise walk: the way between two noises as recipes, wishes of which the latest counts, and the view by keyboard.
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readGroups, withGroup, writeGroups } from '../../web/src/views/walk/groups.ts'
import { latest, pace } from '../../web/src/views/walk/latest.ts'
import { places, recipeAt, swing } from '../../web/src/views/walk/recipe.ts'
import { chromium, describeWith } from '../requirements.ts'
import { patience, settingsOf } from './app.ts'
import { counted, type FakeSite, fakeSite, focusOrder, overflows } from './fake-page.ts'
import { readGif } from './read-gif.ts'

describe('groups in an address', () => {
  it('come back as they went', () => {
    for (const groups of [[], [0], [0, 1, 2, 5], [3, 5], [0, 1, 2, 3, 4]]) {
      expect(readGroups(writeGroups(groups, 6), 6)).toEqual(groups)
    }
    expect(writeGroups([0, 1, 2, 5], 6)).toBe('0-2,5')
  })

  it('are all of them where nothing is said or nothing fits', () => {
    expect(writeGroups([0, 1, 2], 3)).toBeUndefined()
    for (const text of [undefined, '', 'x', '7', '9-12', '-1']) expect(readGroups(text, 6)).toBeUndefined()
    expect(readGroups('4-999999999', 6)).toEqual([4, 5])
  })

  it('are turned on and off one by one', () => {
    expect(withGroup([0, 2], 1, true)).toEqual([0, 1, 2])
    expect(withGroup([0, 2], 2, false)).toEqual([0])
  })
})

describe('a place between two noises', () => {
  const walk = { from: 7, to: 8, total: 3 }
  const all = [0, 1, 2]

  it('is a plain seed at either end', () => {
    expect(recipeAt({ ...walk, at: 0, moving: all })).toEqual({ seed: 7 })
    expect(recipeAt({ ...walk, at: 1, moving: all })).toEqual({ seed: 8 })
    expect(recipeAt({ ...walk, at: 0.5, moving: [] })).toEqual({ seed: 7 })
  })

  it('lies on the sphere in between; groups that stand still keep the first noise', () => {
    expect(recipeAt({ ...walk, at: 0.5, moving: all })).toEqual({ seed: 7, toward: { seed: 8, amount: 0.5 } })
    expect(recipeAt({ ...walk, at: 0.5, moving: [1] })).toEqual({
      seed: 7,
      toward: { seed: 8, amount: 0.5 },
      groups: [
        { group: 0, seed: 7 },
        { group: 2, seed: 7 },
      ],
    })
  })

  it('is said the shorter way when some groups have arrived', () => {
    expect(recipeAt({ ...walk, at: 1, moving: [1] })).toEqual({ seed: 7, groups: [{ group: 1, seed: 8 }] })
    expect(recipeAt({ ...walk, at: 1, moving: [0, 1] })).toEqual({ seed: 8, groups: [{ group: 2, seed: 7 }] })
  })

  it('moves there and back without a jump, and a film shows neither end twice', () => {
    expect([0, 0.25, 1, 1.25, 2, 2.5].map(swing)).toEqual([0, 0.25, 1, 0.75, 0, 0.5])
    expect(places(3, false)).toEqual([0, 0.5, 1])
    expect(places(4, true)).toHaveLength(6)
    expect(places(3, true)).toEqual([0, 0.5, 1, 0.5])
  })
})

describe('the latest wish', () => {
  /** A maker whose works end when they are told to. */
  function maker() {
    const begun: number[] = []
    const ends: (() => void)[] = []
    const failures: unknown[] = []
    const work = latest<number>(
      (wish, signal) => {
        begun.push(wish)
        return new Promise((resolve, reject) => {
          ends.push(resolve)
          signal.addEventListener('abort', () => reject(signal.reason))
        })
      },
      (error) => failures.push(error),
    )
    return { begun, ends, failures, work }
  }
  const settled = () => new Promise((resolve) => setTimeout(resolve))

  it('is next; what was wished in between is dropped', async () => {
    const { begun, ends, work } = maker()
    for (const wish of [1, 2, 3, 4]) work.wish(wish)
    expect(begun).toEqual([1])
    ends[0]!()
    await settled()
    expect(begun).toEqual([1, 4])
    ends[1]!()
    await settled()
    work.wish(5)
    expect(begun).toEqual([1, 4, 5])
  })

  it('stops without a complaint, and takes no more', async () => {
    const { begun, failures, work } = maker()
    work.wish(1)
    work.wish(2)
    work.stop()
    work.wish(3)
    await settled()
    expect(begun).toEqual([1])
    expect(failures).toEqual([])
  })

  it('tells of a failure once, and goes on with the next', async () => {
    const failures: unknown[] = []
    const work = latest<number>(
      async (wish) => {
        if (wish === 1) throw new Error('no')
      },
      (error) => failures.push(error),
    )
    work.wish(1)
    await settled()
    work.wish(2)
    await settled()
    expect(failures).toEqual([new Error('no')])
  })

  it('has a pace over the last second', () => {
    const clock = pace()
    for (const now of [0, 100, 200, 300]) clock.tick(now)
    expect(clock.rate(300)).toBeCloseTo(10)
    expect(clock.rate(5000)).toBeUndefined()
  })
})

describeWith(chromium)('the view', () => {
  let site: FakeSite
  beforeAll(async () => {
    site = await fakeSite()
  })
  afterAll(() => site?.close())

  const reading = (page: Page) => page.textContent('.walk-reading')
  const ready = (page: Page) => expect.poll(() => reading(page), patience).toMatch(/ms for|s for/)
  const says = (page: Page, name: string, value: string) =>
    expect.poll(() => settingsOf(page)[name], patience).toBe(value)
  const lastAsk = async (page: Page) => (await counted(page)).asks.at(-1)
  const at = (page: Page) => page.inputValue('.walk-slider').then(Number)

  it('is where its address says: classes, seeds, place, groups, way', async () => {
    const page = await site.open('#/walk?classes=3,5&seed=11&to=12&at=0.25&groups=0-2&steps=2')
    await ready(page)
    const noise = {
      seed: 11,
      toward: { seed: 12, amount: 0.25 },
      groups: [3, 4, 5].map((group) => ({ group, seed: 11 })),
    }
    expect((await counted(page)).asks).toEqual([
      { model: 'sprites-var-dd', options: { steps: 2 }, images: [3, 5].map((label) => ({ class: label, noise })) },
    ])
    expect(await page.locator('.walk-pictures figcaption strong').allTextContents()).toEqual(['boat', 'cat'])
    const label = await page.getAttribute('.walk-pictures canvas >> nth=0', 'aria-label')
    expect(label).toBe('boat, 25 % of the way from noise 11 to noise 12')
    expect(await page.locator('.walk-scale[aria-pressed=true]').count()).toBe(3)
    await page.close()
  })

  it('does not play by itself, and plays and pauses with Space', async () => {
    const page = await site.open('#/walk?class=3&seed=7', { reducedMotion: 'no-preference' })
    await ready(page)
    await page.waitForTimeout(300)
    expect((await counted(page)).asks).toHaveLength(1)
    await page.keyboard.press('Space')
    await expect.poll(() => reading(page), patience).toMatch(/frames a second/)
    await page.keyboard.press('Space')
    await expect.poll(() => page.isVisible('[aria-label=Play]'), patience).toBe(true)
    await expect.poll(async () => Number(settingsOf(page).at) === (await at(page)), patience).toBe(true)
    expect(await at(page)).toBeGreaterThan(0)
    const { asks } = await counted(page)
    await page.waitForTimeout(200)
    expect((await counted(page)).asks.length).toBeLessThanOrEqual(asks.length + 1)
    await page.close()
  })

  it('steps with the arrow keys, wherever the focus is, and on the slider', async () => {
    const page = await site.open('#/walk?class=3&seed=7')
    await ready(page)
    for (const key of ['ArrowRight', 'ArrowRight', 'Shift+ArrowRight', 'ArrowLeft']) await page.keyboard.press(key)
    expect(await at(page)).toBeCloseTo(0.12)
    await page.focus('.walk-slider')
    await page.keyboard.press('ArrowRight')
    expect(await at(page)).toBeCloseTo(0.14)
    await page.keyboard.press('End')
    expect(await at(page)).toBe(1)
    await expect.poll(() => lastAsk(page), patience).toMatchObject({ images: [{ class: 3, noise: { seed: 8 } }] })
    await expect.poll(() => settingsOf(page).at, patience).toBe('1')
    await page.close()
  })

  it('computes the latest place and drops those in between', async () => {
    const page = await site.open('#/walk?class=3&seed=7', { fake: { delay: 150 } })
    await ready(page)
    for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowRight')
    await expect.poll(() => lastAsk(page), patience).toMatchObject({ images: [{ noise: { toward: { amount: 0.4 } } }] })
    expect((await counted(page)).asks.length).toBeLessThan(12)
    await page.close()
  })

  it('lets scales walk by chips', async () => {
    const page = await site.open('#/walk?class=3&seed=7&at=1')
    await ready(page)
    await page.focus('.walk-groups button >> text=None')
    await page.keyboard.press('Enter')
    await says(page, 'groups', 'none')
    await page.focus('[aria-label="Scale 3 by 3"]')
    await page.keyboard.press('Space')
    await says(page, 'groups', '2')
    const noise = { seed: 7, groups: [{ group: 2, seed: 8 }] }
    await expect.poll(() => lastAsk(page), patience).toMatchObject({ images: [{ noise }] })
    await page.close()
  })

  it('lets positions be painted by pointer, and by keyboard', async () => {
    const page = await site.open('#/walk?model=sprites-llamagen-dd&class=3&seed=7&groups=none')
    await ready(page)
    await page.locator('[data-group="63"]').scrollIntoViewIfNeeded()
    const middle = async (group: number) => {
      const box = (await page.locator(`[data-group="${group}"]`).boundingBox())!
      return [box.x + box.width / 2, box.y + box.height / 2] as const
    }
    await page.mouse.move(...(await middle(9)))
    await page.mouse.down()
    await page.mouse.move(...(await middle(12)), { steps: 12 })
    await page.mouse.up()
    await says(page, 'groups', '9-12')
    await page.mouse.click(...(await middle(10)))
    await says(page, 'groups', '9,11-12')
    await page.focus('[data-group="9"]')
    for (const key of ['ArrowDown', 'ArrowRight', 'Space']) await page.keyboard.press(key)
    await says(page, 'groups', '9,11-12,18')
    // What is painted shows at once; the grid's arrow keys are not the slider's.
    expect(await at(page)).toBe(1)
    await page.close()
  })

  it('saves a GIF: every frame, side by side, for ever, and says what it is', async () => {
    const page = await site.open('#/walk?classes=3,5&seed=7&frames=8')
    await ready(page)
    const saved = page.waitForEvent('download')
    await page.focus('text=Save as GIF')
    await page.keyboard.press('Enter')
    const file = await saved
    expect(file.suggestedFilename()).toBe('walk-7-8.gif')
    const gif = readGif(await readFile(await file.path()))
    expect(gif).toMatchObject({ width: (2 * 32 + 1) * 8, height: 32 * 8, loops: 0 })
    expect(gif.delays).toEqual(Array(14).fill(570))
    expect(gif.comments[0]).toMatch(/^AI-generated image.*"classes":\[3,5\]/)
    await expect.poll(() => page.textContent('.walk-film [role=status]'), patience).toMatch(/walk-7-8.gif: 14 frames, /)
    const { asks } = await counted(page)
    expect(asks.slice(1).map((ask) => 'images' in ask && ask.images.length)).toEqual([10, 6])
    await page.uncheck('text=There and back')
    await says(page, 'back', 'no')
    await page.close()
  })

  it('stops a film when asked', async () => {
    const page = await site.open('#/walk?class=3&seed=7&frames=48', { fake: { delay: 60 } })
    await ready(page)
    await page.click('text=Save as GIF')
    await page.click('.walk-film >> text=Stop')
    await expect.poll(() => page.textContent('.walk-film [role=status]'), patience).toBe('Stopped.')
    expect((await counted(page)).aborted).toBe(1)
    expect(await page.isVisible('text=Save as GIF')).toBe(true)
    await page.close()
  })

  it('says what went wrong and what to do, and tries again', async () => {
    const fault = { code: 'queue_full', message: 'Too many wait.', remedy: 'Try again in 2 s.', again: true } as const
    const page = await site.open('#/walk?class=3&seed=7', { fake: { fault } })
    await expect.poll(() => page.textContent('[role=alert]'), patience).toMatch(/Too many wait\.\s*Try again in 2 s\./)
    await page.click('[role=alert] button')
    await ready(page)
    expect(await page.isVisible('[role=alert]')).toBe(false)
    await page.close()
  })

  it('tells of a queue and of many evaluations', async () => {
    const page = await site.open('#/walk?class=3&seed=7&steps=flow', { fake: { ahead: 3, delay: 2000 } })
    await expect.poll(() => page.textContent('.walk-stage'), patience).toMatch(/3 before this one/)
    await expect.poll(() => page.textContent('.walk-stage'), patience).toMatch(/Evaluation \d of 6/)
    await page.close()
  })

  it('stops its work when it is left or asked for something else', async () => {
    const page = await site.open('#/walk?class=3&seed=7', { fake: { delay: 100_000 } })
    await expect.poll(async () => (await counted(page)).asks.length, patience).toBe(1)
    await page.check('input[name=walk-way][value="2"]', { force: true })
    await expect.poll(async () => (await counted(page)).aborted, patience).toBe(1)
    await page.click('text=Elsewhere')
    await expect.poll(async () => (await counted(page)).aborted, patience).toBe(2)
    await page.close()
  })

  it('fits a phone', async () => {
    const page = await site.open('#/walk?classes=1,2,3&seed=7', { width: 360 })
    await ready(page)
    expect(await overflows(page)).toBe(false)
    await page.close()
  })

  it('has everything within reach of Tab, in the order of the page; a grid is one stop', async () => {
    const page = await site.open('#/walk?model=sprites-llamagen-dd&classes=3,5&seed=7')
    await ready(page)
    const order = (await focusOrder(page)).map((name) => name.slice(0, 16))
    expect(order.slice(1)).toEqual([
      'Class 1',
      'Take class 1 awa',
      'Class 2',
      'Take class 2 awa',
      'Add a class',
      'From seed',
      'From seed: roll ',
      'To seed',
      'To seed: roll th',
      'Play',
      'Place between th',
      'Row 1, column 1',
      'All',
      'None',
      'Swap',
      'Pictures8162448',
      'There and back',
      'Save as GIF',
      '1 step student1×',
      '4',
    ])
    await page.close()
  })

  it('complained about nothing', () => {
    expect(site.complaints).toEqual([])
  })
})
