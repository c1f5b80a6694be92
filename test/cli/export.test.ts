// `distilled export`: what it says, and what it refuses.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../../src/cli/main.ts'
import { serveModels } from '../../src/server/serve.ts'
import { fixturePath } from '../fixtures.ts'
import { distilled, distilledJson, temporaryFolder } from './command-line.ts'

const folder = temporaryFolder()
const out = join(folder, 'exported')

it('prints every file with its size, and the errors', async () => {
  const { code, stdout, stderr } = await distilled(
    'export',
    'sprites-var-dd',
    '--dtype',
    'fp16',
    '--threads',
    '1',
    '--out',
    out,
  )
  expect({ code, errors: /error/i.test(stderr) }).toEqual({ code: 0, errors: false })
  expect(stdout).toMatch(/onnx\/student_t0_fp16.onnx +\d+\.\d kB\n/)
  expect(stdout).toMatch(/onnx\/student_fp16.onnx_data +\d\.\d MB\n/)
  expect(stdout).toMatch(/student_t0: largest error \S+, mean \S+, \S+ % equal tokens\n/)
  expect(stdout).toMatch(/image in 2 steps: largest error \S+ levels of 255, mean \S+\n/)
  expect(stdout).toContain(`9 files, 4.2 MB, in ${out}\n`)
  const card = readFileSync(join(out, 'README.md'), 'utf8')
  expect(card).toContain('license: mit')
  expect(card).toMatch(/\| student_t0 \| \S+ \| \S+ \| \S+ % \|/)
})

it('exports networks from files, as a JSON result', async () => {
  const files = ['--student', fixturePath('var_tiny_dd.pth'), '--tokenizer', fixturePath('var_tiny_vqvae.pth')]
  const result = await distilledJson('export', ...files, '--threads', '1', '--out', join(folder, 'tiny'))
  expect(result).toMatchObject({ out: join(folder, 'tiny'), dtype: 'fp32' })
  expect(result.check.graphs.map(({ graph }: { graph: string }) => graph)).toEqual(['student_t0', 'decoder'])
  const card = readFileSync(join(folder, 'tiny', 'README.md'), 'utf8')
  expect(card).toContain('The licence is that of the checkpoints it came from.')
  expect(card).toContain('AI-generated')
})

describe('an exported folder on the command line', () => {
  const exported = join(folder, 'tiny')
  const quick = ['--model', exported, '--device', 'cpu', '--threads', '1']
  const sample = (...more: string[]) =>
    distilled('sample', ...quick, '--class', '1', '--out', join(folder, 'made'), ...more)

  it('is sampled, measured and served without any flag that it would not know', async () => {
    expect(await sample()).toMatchObject({ code: 0 })
    const run = ['--labels', 'balanced', '--count', '10', '--out', join(folder, 'many')]
    expect(await distilled('sample', ...quick, ...run)).toMatchObject({ code: 0 })
    const measured = ['--reference', 'sprites', '--features', 'sprites', '--metrics', 'is']
    const sprites = join(folder, 'sprites')
    expect(await distilled('export', 'sprites-var-dd', '--threads', '1', '--out', sprites)).toMatchObject({ code: 0 })
    const evaluated = ['--model', sprites, '--count', '24', '--threads', '1', '--device', 'cpu']
    expect(await distilled('evaluate', ...evaluated, ...measured)).toMatchObject({ code: 0 })
    const server = await serveModels({ models: [exported], port: 0, device: 'cpu', threads: 1 })
    expect(server.services.pool.names).toEqual(['tiny'])
    await server.close(0)
  })

  it.each([
    [['--no-ema'], 'so --no-ema says nothing of it'],
    [['--teacher-only'], 'and an export holds no teacher'],
    [['--tokenizer', fixturePath('var_tiny_vqvae.pth')], 'so --tokenizer says nothing of it'],
    [['--dtype', 'int8'], 'was exported in fp32, not int8'],
  ])('refuses %j', async (flags, message) => {
    const { code, stderr } = await sample(...flags)
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })

  it('is not exported once more', async () => {
    const again = await distilled('export', exported, '--out', join(folder, 'again'))
    expect(again.stderr).toContain(`${exported} is an export already. Export the checkpoints that it came from`)
    expect(again.code).toBe(2)
  })
})

it('takes its model by --model, too, and one of the two', async () => {
  const files = ['--threads', '1', '--out', join(folder, 'by-model')]
  expect(await distilled('export', '--model', 'sprites-var-dd', ...files)).toMatchObject({ code: 0 })
  const two = await distilled(
    'export',
    'sprites-var-dd',
    '--model',
    'sprites-llamagen-dd',
    '--out',
    join(folder, 'two'),
  )
  expect(two).toMatchObject({ code: 2, stderr: expect.stringContaining('name two models, and one is exported') })
})

it('the example says how it is called', async () => {
  const run = spawnSync(process.execPath, ['examples/exported-model.js'], { encoding: 'utf8' })
  expect(run).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^Usage: node examples\/exported-model\.js FOLDER/),
  })
})

it.each([
  ['a name that is nearly one', ['sprites-var-d'], 'Did you mean "sprites-var-dd"?'],
  ['a teacher', ['sprites-var'], 'sprites-var is a teacher; only students are exported'],
  ['a tokenizer', ['sprites-var-vqvae'], 'is a tokenizer; only students'],
  ['a model that is not on this machine', ['var-dd-d24'], 'Run: distilled download var-dd-d24'],
  ['no model', [], 'Name a student of: distilled models.'],
  ['a dtype there is not', ['sprites-var-dd', '--dtype', 'fp8'], 'Allowed choices are fp32, fp16, int8'],
])('refuses %s', async (_, argv, message) => {
  const { code, stdout, stderr } = await distilled('export', ...argv, '--out', join(folder, 'refused'))
  expect(stderr).toContain(message)
  expect({ code, stdout, there: existsSync(join(folder, 'refused')) }).toEqual({ code: 2, stdout: '', there: false })
})

it('refuses a folder that exists, and no folder', async () => {
  const there = join(folder, 'there')
  mkdirSync(there)
  expect(await distilled('export', 'sprites-var-dd', '--out', there)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('exists already'),
  })
  expect(await distilled('export', 'sprites-var-dd')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--out'),
  })
})

it('stopped by Ctrl-C, it says that nothing was written', async () => {
  const stop = new AbortController()
  let stderr = ''
  const write = (text: string) => {
    stderr += text
    stop.abort()
  }
  const io = { stdout: { write() {} }, stderr: { write }, signal: stop.signal }
  expect(await run(['export', 'sprites-var-dd', '--threads', '1', '--out', join(folder, 'stopped')], io)).toBe(130)
  expect(stderr).toContain('Interrupted. Nothing was written.')
  expect(existsSync(join(folder, 'stopped'))).toBe(false)
})
