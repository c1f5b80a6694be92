// The trajectory: timesteps in words, and the view with its scrubber, strip and diagram.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { described, readTrajectory, studentStarts } from '../../web/src/views/trajectory/trajectory-settings.ts'
import { chromium, describeWith } from '../requirements.ts'
import { patience, press, settingsOf } from './app.ts'
import { fakeModels } from './fake-models.ts'
import { counted, type FakeSite, fakeSite, focusOrder, overflows } from './fake-page.ts'

const [varModel, llamaGenModel] = fakeModels as [(typeof fakeModels)[0], (typeof fakeModels)[0]]

describe('a timestep in words', () => {
  it('counts scales for VAR', () => {
    expect(described(varModel, 0)).toBe('Nothing is data yet: all 130 tokens are Gaussian noise.')
    expect(described(varModel, 1)).toBe('The 1×1 scale is data, 1 of 130 tokens; finer ones are still noise.')
    expect(described(varModel, 4)).toBe('The scales up to 4×4 are data, 30 of 130 tokens; finer ones are still noise.')
    expect(described(varModel, 6)).toBe('All 130 tokens are data: this is the picture.')
  })

  it('counts positions for LlamaGen', () => {
    expect(described(llamaGenModel, 1)).toBe('The first 1 of 64 positions are data, the other 63 still noise.')
    expect(described(llamaGenModel, 64)).toBe('All 64 tokens are data: this is the picture.')
  })
})

it('the student starts where its presets do', () => {
  expect(studentStarts(varModel)).toEqual([0, 3])
  expect(studentStarts(llamaGenModel)).toEqual([0, 24])
  expect(studentStarts({ ...varModel, student: false })).toEqual([])
})

describe('the settings', () => {
  it('fall back where the address says what this model has not', () => {
    const usual = { class: 3, seed: 7, index: 0, by: 'flow', at: undefined }
    expect(readTrajectory({}, varModel)).toEqual(usual)
    expect(readTrajectory({ class: '99', seed: '-1', by: 'magic', t: '7' }, varModel)).toEqual(usual)
    expect(readTrajectory({ class: '0', seed: '1', index: '3', by: 'student', t: '6' }, varModel)).toEqual({
      class: 0,
      seed: 1,
      index: 3,
      by: 'student',
      at: 6,
    })
    expect(readTrajectory({ by: 'flow' }, { ...varModel, teacher: false }).by).toBe('student')
  })
})

describeWith(chromium)('the view', () => {
  let site: FakeSite
  beforeAll(async () => {
    site = await fakeSite()
  })
  afterAll(() => site?.close())

  const frames = (page: Page) => page.locator('.trajectory-frame:not(:disabled)').count()
  const arrived = (page: Page, count: number) => expect.poll(() => frames(page), patience).toBe(count)
  const at = (page: Page) => page.inputValue('.trajectory-slider').then(Number)

  it('shows the states as they come, up to the picture', async () => {
    const page = await site.open('#/trajectory?class=3&seed=7', { fake: { delay: 120 } })
    await expect.poll(() => page.textContent('.trajectory-progress'), patience).toMatch(/State [1-6] of 7/)
    await arrived(page, 7)
    expect(await at(page)).toBe(6)
    expect(await page.getAttribute('.trajectory-now img', 'alt')).toBe('boat at timestep 6 of 6')
    expect(await page.locator('.trajectory-scale.data').count()).toBe(6)
    expect((await counted(page)).asks).toEqual([{ model: 'sprites-var-dd', class: 3, noise: { seed: 7 }, by: 'flow' }])
    await page.close()
  })

  it('is scrubbed with the arrow keys; groups fill up with the timestep', async () => {
    const page = await site.open('#/trajectory?class=3&seed=7&t=2')
    await arrived(page, 7)
    expect(await at(page)).toBe(2)
    await press(page, 'ArrowRight')
    expect(await at(page)).toBe(3)
    await expect.poll(() => settingsOf(page).t, patience).toBe('3')
    expect(await page.locator('.trajectory-scale.data').count()).toBe(3)
    await page.focus('.trajectory-slider')
    await press(page, 'ArrowLeft', 'ArrowLeft')
    expect(await at(page)).toBe(1)
    expect(await page.getAttribute('.trajectory-slider', 'aria-valuetext')).toMatch(/^1 of 6\. The 1×1 scale is data/)
    await press(page, 'Home')
    expect(await page.textContent('.trajectory-what')).toMatch(/Nothing is data yet/)
    expect(await page.getAttribute('.trajectory-diagram', 'aria-label')).toMatch(/Nothing is data yet/)
    await page.close()
  })

  it('plays with Space from noise to picture, and never by itself', async () => {
    const page = await site.open('#/trajectory?class=3&seed=7&t=0', { reducedMotion: 'no-preference' })
    await arrived(page, 7)
    await page.waitForTimeout(1000)
    expect(await at(page)).toBe(0)
    await press(page, 'Space')
    expect(await page.isVisible('[aria-label=Pause]')).toBe(true)
    await expect.poll(() => at(page), patience).toBe(6)
    await expect.poll(() => page.isVisible('[aria-label=Play]'), patience).toBe(true)
    await page.close()
  })

  it('has a state for each position of LlamaGen, and a strip to choose from', async () => {
    const page = await site.open('#/trajectory?model=sprites-llamagen-dd&class=5&seed=7&t=20')
    await arrived(page, 65)
    expect(await page.locator('.trajectory-diagram rect.data').count()).toBe(20)
    expect(await page.locator('.trajectory-strip .trajectory-start').allTextContents()).toEqual(['0', '24'])
    await page.click('[aria-label="Timestep 22"]')
    expect(await page.textContent('.trajectory-what')).toMatch(/The first 22 of 64 positions are data/)
    expect(await page.getAttribute('[aria-label="Timestep 22"]', 'aria-current')).toBe('step')
    await press(page, 'End')
    const seen = () =>
      page.evaluate(() => {
        const [strip, frame] = ['.trajectory-strip', '[aria-label="Timestep 64"]'].map((selector) =>
          document.querySelector(selector)!.getBoundingClientRect(),
        )
        return frame!.right <= strip!.right + 1
      })
    await expect.poll(seen, patience).toBe(true)
    await page.close()
  })

  it('stops its work when another one turns noise into data, and when it is left', async () => {
    const page = await site.open('#/trajectory?class=3&seed=7', { fake: { delay: 100_000 } })
    await expect.poll(async () => (await counted(page)).asks.length, patience).toBe(1)
    await page.focus('input[name=trajectory-by]:checked')
    await press(page, 'ArrowDown')
    await expect.poll(async () => (await counted(page)).asks.at(-1), patience).toMatchObject({ by: 'student' })
    expect((await counted(page)).aborted).toBe(1)
    await expect.poll(() => settingsOf(page).by, patience).toBe('student')
    await page.click('text=Elsewhere')
    await expect.poll(async () => (await counted(page)).aborted, patience).toBe(2)
    await page.close()
  })

  it('says what went wrong and what to do, and tries again', async () => {
    const fault = {
      code: 'gone',
      message: 'The server does not answer.',
      remedy: 'Start it again.',
      again: true,
    } as const
    const page = await site.open('#/trajectory?class=3&seed=7', { fake: { fault } })
    await expect.poll(() => page.textContent('[role=alert]'), patience).toMatch(/does not answer\.\s*Start it again\./)
    await page.focus('[role=alert] button')
    await press(page, 'Enter')
    await arrived(page, 7)
    expect(await page.isVisible('[role=alert]')).toBe(false)
    await page.close()
  })

  it('fits a phone', async () => {
    const page = await site.open('#/trajectory?model=sprites-llamagen-dd&class=3&seed=7', { width: 360 })
    await arrived(page, 65)
    expect(await overflows(page)).toBe(false)
    await page.close()
  })

  it('has everything within reach of Tab; the scrubber stands for the strip', async () => {
    const page = await site.open('#/trajectory?class=3&seed=7')
    await arrived(page, 7)
    const order = (await focusOrder(page)).map((name) => name.slice(0, 19))
    expect(order.slice(1)).toEqual(['Class', 'Seed', 'Seed: roll the dice', 'Flow map the teache', 'Play', 'Timestep'])
    await page.close()
  })

  it('complained about nothing', () => {
    expect(site.complaints).toEqual([])
  })
})
