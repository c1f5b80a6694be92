// The app without a network: after a first visit its pages open again, say that the server is gone, and offer this page's engine.
// And as plain files: scripts/site.js puts together what a server of files needs, which sends no headers of ours.
import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { temporaryFolder } from '../cli/command-line.ts'
import { chromium, describeWith } from '../requirements.ts'
import { launch, openPage, patience, type Served, serveApp, shows } from './app.ts'

const installed = async () => {
  const { active } = await navigator.serviceWorker.ready
  return active?.state === 'activated' && navigator.serviceWorker.controller !== null
}

describeWith(chromium)('without a network', () => {
  let served: Served
  let browser: Browser
  beforeAll(async () => {
    served = await serveApp()
    browser = await launch()
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    served?.process.kill('SIGKILL')
  })

  it('every view opens after a first visit to one of them', async () => {
    const { page } = await openPage(browser, `${served.url}#/report`)
    await expect.poll(() => page.evaluate(installed), patience).toBe(true)
    served.process.kill('SIGKILL')
    for (const [name, title] of [
      ['report', 'Report'],
      ['explain', 'Explain'],
    ]) {
      await page.goto(`${served.url}#/${name}`)
      await page.reload()
      await expect.poll(() => page.title(), patience).toBe(`${title} · Distilled Decoding`)
    }
    await page.goto(`${served.url}#/generate`)
    await shows(page, '[role=alert]', /The server does not answer/)
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    const kept = await page.evaluate(async () => (await caches.keys()).filter((name) => name.includes(' shell ')))
    expect(kept).toHaveLength(1)
  })
})

describeWith(chromium)('as plain files', () => {
  const folder = join(temporaryFolder(), 'site')
  const script = fileURLToPath(new URL('../../scripts/site.js', import.meta.url))
  const scriptType = 'text/javascript'
  const types: Record<string, string> = {
    '.html': 'text/html',
    '.js': scriptType,
    '.mjs': scriptType,
    '.css': 'text/css',
  }
  let server: Server
  let browser: Browser
  let url: string

  beforeAll(async () => {
    execFileSync(process.execPath, [script, folder])
    server = createServer(async (request, response) => {
      const name = new URL(request.url!, 'http://x').pathname.replace(/^\/below\/$/, '/below/index.html')
      const body = await readFile(join(folder, name.replace(/^\/below\//, ''))).catch(() => undefined)
      response.writeHead(body ? 200 : 404, { 'content-type': types[extname(name)] ?? 'application/octet-stream' })
      response.end(body)
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/below/`
    browser = await launch()
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    server?.close()
  })

  it('holds the app, the embedded models and ONNX Runtime, and nothing else', async () => {
    const { readdir } = await import('node:fs/promises')
    expect((await readdir(folder)).sort()).toEqual(
      ['assets', 'icon-512.png', 'icon.svg', 'index.html', 'manifest.webmanifest', 'models', 'ort', 'sw.js'].sort(),
    )
    expect(await readdir(join(folder, 'models'))).toContain('sprites-var-dd.safetensors')
    expect((await readdir(join(folder, 'ort'))).sort()).toEqual([
      'ort-wasm-simd-threaded.asyncify.wasm',
      'ort-wasm-simd-threaded.wasm',
      'ort.wasm.bundle.min.mjs',
      'ort.webgpu.bundle.min.mjs',
    ])
  })

  it('opens below a path, in its fence, and makes pictures: in threads from the second visit on', async () => {
    const { page, complaints } = await openPage(browser, `${url}#/generate?class=3&seed=7&count=1`)
    await shows(page, '.open-model', /This page can run sprites-var-dd itself/)
    const meta = await page.getAttribute('meta[http-equiv=Content-Security-Policy]', 'content')
    expect(meta).toMatch(/default-src 'none'; script-src 'self' 'wasm-unsafe-eval'/)
    await expect.poll(() => page.evaluate(installed), patience).toBe(true)
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false)
    await page.reload()
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
    await page.getByRole('button', { name: /^Download/ }).click()
    await expect.poll(() => page.locator('.tile img').count(), { timeout: 120_000, interval: 50 }).toBe(1)
    await shows(page, '.frame-foot', /sprites-var-dd in this page: wasm, [2-8] threads/)
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([]) // it asked for a server's models
  }, 240_000)
})
