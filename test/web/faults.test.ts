// What can go wrong, as the page says it: the server gone, full, slow or unwilling; a class that is denied; a picture of a model
// that is not here. Whatever it is, there is something to do about it, and the page goes on afterwards.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { temporaryFolder } from '../cli/command-line.ts'
import { chromium, describeWith } from '../requirements.ts'
import { launch, openPage, patience, press, type Served, serveApp, shows } from './app.ts'

const policy = join(temporaryFolder(), 'policy.json')

describeWith(chromium)('when something is wrong', () => {
  let served: Served
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    writeFileSync(policy, JSON.stringify({ deny: ['cat'], flag: ['car'] }))
    served = await serveApp('--policy', policy, '--model', 'sprites-var-dd')
    browser = await launch()
    page = (await openPage(browser, `${served.url}#/generate?class=3&seed=7&count=1`)).page
    await page.waitForSelector('.details')
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    served?.process.kill('SIGKILL')
  })

  const fault = (what: string | RegExp) => shows(page, '[role=alert]', what)
  /** Answers the next requests for pictures in the server's place. */
  const answered = async (status: number, code: string, message: string, headers: Record<string, string> = {}) => {
    await page.unroute('**/api/sample')
    const body = JSON.stringify({ error: { message, type: 'error', param: null, code } })
    await page.route('**/api/sample', (route) =>
      route.fulfill({ status, body, headers: { 'content-type': 'application/json', ...headers } }),
    )
    await page.locator('#main').focus()
    await press(page, 'Enter')
  }
  const recovers = async () => {
    await page.unroute('**/api/sample')
    await page.getByRole('button', { name: 'Try again' }).click()
    await expect.poll(() => page.locator('[role=alert]').count(), patience).toBe(0)
    await shows(page, '.readout [role=status]', /^1 picture in/)
  }

  it('a full queue says when to come back', async () => {
    await answered(429, 'queue_full', '64 requests are waiting.', { 'Retry-After': '3' })
    await fault(/^64 requests are waiting\. Try again in 3 s\./)
    await recovers()
  })

  it('a request that took too long says what would be shorter', async () => {
    await answered(504, 'timeout', 'The images were not finished within 120 s; the work was stopped.')
    await fault(/not finished within 120 s.*fewer pictures or fewer steps/)
    await recovers()
  })

  it('a dead engine may be asked again', async () => {
    await answered(503, 'engine_died', 'The engine died while it worked on this request.', { 'Retry-After': '1' })
    await fault(/The engine died/)
    await recovers()
  })

  it('a stream that breaks off is a server that is gone', async () => {
    await page.route('**/api/sample', (route) =>
      route.fulfill({
        status: 200,
        headers: { 'content-type': 'text/event-stream' },
        body: 'event: queued\ndata: {}\n\n',
      }),
    )
    await page.locator('#main').focus()
    await press(page, 'Enter')
    await fault(/The server does not answer/)
    await recovers()
  })

  it('a refused class cannot be chosen again at once', async () => {
    await answered(403, 'class_denied', "This server's policy denies class 3 boat.")
    await fault(/policy denies class 3 boat\. Choose another class/)
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0)
    await page.unroute('**/api/sample')
  })

  it('a class that the policy denies is marked, and not to be had', async () => {
    await press(page, '/')
    await page.keyboard.type('cat')
    await shows(page, '.option', /cat.*denied by the policy/)
    expect(await page.getAttribute('.option', 'aria-disabled')).toBe('true')
    await press(page, 'Enter')
    expect(await page.getByRole('combobox', { name: 'Class' }).inputValue()).toBe('cat')
    await press(page, 'Escape')
    expect(await page.getByRole('combobox', { name: 'Class' }).inputValue()).toBe('boat')
    await page.goto(`${served.url}#/generate?class=5&count=1`)
    await shows(page, '.panel', /policy of this server denies this class/)
    expect(await page.getByRole('button', { name: 'Make 1 picture' }).isDisabled()).toBe(true)
  })

  it('a class that the policy flags marks its pictures', async () => {
    await page.goto(`${served.url}#/generate?class=6&count=1`)
    await shows(page, '.tile', 'flagged')
    await shows(page, '.panel', /policy marks pictures of this class/)
  })

  it('a model that is not here is said by name, and the one that is stands in', async () => {
    await page.goto(`${served.url}#/generate?model=var-dd-d16&class=3&count=1`)
    await shows(page, '.notice', /var-dd-d16 is not here/)
    await shows(page, '.details', /sprites-var-dd/)
  })

  it('classes that do not come are said to be missing, and asked for again', async () => {
    await page.route('**/api/classes*', (route) => route.fulfill({ status: 500, json: {} }))
    await page.goto(`${served.url}#/generate?class=1&count=1`)
    await page.reload()
    await fault(/The server answered with 500/)
    await page.unroute('**/api/classes*')
    await page.getByRole('button', { name: 'Try again' }).click()
    await shows(page, '.details', /^house/)
    expect(await page.locator('[role=alert]').count()).toBe(0)
  })

  it('a host of plain files that answers every path with its page leaves the work to the page', async () => {
    const other = await browser.newPage()
    const html = { contentType: 'text/html', body: '<!doctype html>' }
    await other.route('**/api/models', (route) => route.fulfill(html))
    await other.goto(`${served.url}#/generate?class=1&count=1`)
    await shows(other, '.open-model', /This page can run sprites-var-dd itself/)
    await other.close()
  })

  it('sensitive classes are marked in the list and beside the name', async () => {
    await page.route('**/api/classes*', async (route) => {
      const classes = await (await route.fetch()).json()
      classes[2].sensitive = true
      await route.fulfill({ json: classes })
    })
    await page.goto(`${served.url}#/generate?class=2&count=1`)
    await page.reload()
    await shows(page, '.details', /^tree sensitive/)
    await shows(page, '.class-picker .label', /Class.*sensitive/)
    await press(page, '/')
    await shows(page, '.option:nth-child(3)', /tree.*sensitive/)
  })

  it('a server that is gone leaves the page standing, with a way on', async () => {
    served.process.kill('SIGKILL')
    await page.locator('#main').focus()
    await press(page, 'r')
    await fault(/^The server does not answer\. Start it again with distilled serve/)
    expect(await page.locator('.tile img').count()).toBe(1)
    expect(await page.getByRole('button', { name: 'Use this page’s engine' }).isVisible()).toBe(true)
  })
})
