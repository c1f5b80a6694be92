// Folders that `distilled export` wrote, in a page: their images, their sizes, and what is wrong with others.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { exportModel } from '../../src/export/export.ts'
import { load } from '../../src/library/node/load.ts'
import { temporaryFolder } from '../cli/command-line.ts'
import { chromium, describeWith } from '../requirements.ts'
import { difference, nodeImages } from './images.ts'
import { openBrowser, openPage, openSite, type Site } from './site.ts'

describeWith(chromium)('an exported folder in a page', () => {
  const folder = temporaryFolder()
  let site: Site
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    const model = await load('sprites-var-dd', { device: 'cpu', threads: 1 })
    await exportModel(model, { out: join(folder, 'fp32') })
    await exportModel(model, { out: join(folder, 'int8'), dtype: 'int8' })
    await model.dispose()
    site = await openSite()
    site.mount('/exports/', folder)
    browser = await openBrowser()
    page = await openPage(browser, site.url)
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
  })

  const config = () => JSON.parse(readFileSync(join(folder, 'fp32', 'config.json'), 'utf8'))
  const failure = (what: string, options = {}) =>
    page.evaluate(
      ([what, options]) =>
        distilled.load(what, { ort: '/ort/', ...options }).catch((error: Error) => `${error.name}: ${error.message}`),
      [what, options] as const,
    )
  /** A folder whose config.json is another. */
  const withConfig = async <T>(other: object | string, use: () => Promise<T>): Promise<T> => {
    const text = typeof other === 'string' ? other : JSON.stringify(other)
    site.faults.set('/exports/fp32/config.json', (_, response) =>
      response.setHeader('etag', `"${text.length}"`).end(text),
    )
    return use().finally(() => site.faults.clear())
  }

  it('makes the images that the checkpoints make, in one step and in two', async () => {
    const made = await page.evaluate(async () => {
      const size = await distilled.sizeOf('/exports/fp32/', { ort: '/ort/' })
      const model = await distilled.load('/exports/fp32', { ort: '/ort/' })
      const images: number[][] = []
      for (const steps of [1, 2]) {
        const { images: own } = await model.sample({ steps, classes: ['cat', 'boat'], seed: 4 })
        for (const { data } of own) images.push([...data])
      }
      const after = await distilled.sizeOf('/exports/fp32/', { ort: '/ort/' })
      await model.dispose()
      const { name, family, device, presets } = model
      return { name, family, device, presets: presets.map(({ steps }) => steps), images, size, after }
    })
    expect(made).toMatchObject({
      name: 'sprites-var-dd',
      device: 'wasm',
      presets: [1, 2],
      family: { student: true, teacher: false },
    })
    const { files } = config() as { files: { path: string; bytes: number }[] }
    const needed = files.filter(({ path }) => path.startsWith('onnx/') || path.startsWith('known'))
    const runtime = made.size.files.find(({ name }) => name === 'ONNX Runtime')!.bytes!
    expect(made.size.bytes! - runtime).toBe(needed.reduce((sum, { bytes }) => sum + bytes, 0))
    expect(made.after.bytes).toBe(0)
    const asks = [1, 2].map((steps) => ({ steps, classes: [5, 3], seed: 4 }))
    const expected = await nodeImages('sprites-var-dd', asks)
    for (const [i, image] of made.images.entries()) expect(difference(image, expected[i]!).mean).toBeLessThan(0.02)
  })

  it('in int8 runs on the processor, and refuses WebGPU', async () => {
    const notes = await page.evaluate(async () => {
      const model = await distilled.load('/exports/int8/', { ort: '/ort/' })
      await model.sample({ classes: [0] })
      await model.dispose()
      return model.notes
    })
    expect(notes).toEqual(['int8 networks run on the processor: wasm.'])
    expect(await failure('/exports/int8/', { device: 'webgpu' })).toMatch(/^UsageError: WebGPU has no kernels for int8/)
  })

  it('knows no other steps than its own', async () => {
    const error = await page.evaluate(async () => {
      const model = await distilled.load('/exports/fp32/', { ort: '/ort/' })
      const failed = await model
        .sample({ classes: [0], timesteps: [0, 4], split: 3 })
        .catch((error: Error) => error.message)
      const teacher = await model.sample({ classes: [0], teacherOnly: true }).catch((error: Error) => error.message)
      await model.dispose()
      return [failed, teacher]
    })
    expect(error[0]).toBe(
      'The exported folder has no network for timestep 4 with split 3; it has timestep 0 with split 3, timestep 3 with split 3. Use one of its presets.',
    )
    expect(error[1]).toMatch(/needs the teacher, and it is not loaded/)
  })

  it('is checked: no folder, another config.json, a newer format, files outside of it, a damaged file', async () => {
    expect(await failure('/nowhere/')).toMatch(/config\.json \(facts of an exported model\) is not there \(404\)/)
    expect(await withConfig('{"model_type": "bert"}', () => failure('/exports/fp32/'))).toMatch(/names no "model_type"/)
    expect(await withConfig('no json', () => failure('/exports/fp32/'))).toMatch(/is no JSON/)
    expect(await withConfig({ ...config(), format_version: 2 }, () => failure('/exports/fp32/'))).toMatch(
      /is of format 2/,
    )
    const graphs = { decoder: { file: '../int8/onnx/decoder.onnx', external_data: [] } }
    expect(await withConfig({ ...config(), graphs }, () => failure('/exports/fp32/'))).toMatch(
      /lies outside of its folder/,
    )
    const bytes = readFileSync(join(folder, 'fp32', 'onnx', 'student.onnx_data'))
    bytes[1000]! ^= 1
    site.faults.set('/exports/fp32/onnx/student.onnx_data', (_, response) => response.end(bytes))
    expect(await failure('/exports/fp32/', { cache: false })).toMatch(
      /DownloadError: .*student\.onnx_data.* has the SHA-256/,
    )
  })

  it('is told from a name that does not exist', async () => {
    expect(await failure('sprites-var')).toMatch(
      /^UsageError: There is no model "sprites-var".* Did you mean sprites-var-dd\?/,
    )
  })
})
