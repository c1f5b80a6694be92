// `distilled pairs` and `distilled pairs merge` as a person types them.
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { openPairs } from '../../src/distill/read-pairs.ts'
import { fixturePath } from '../fixtures.ts'
import { distilled, distilledJson, temporaryFolder } from './command-line.ts'

const folder = temporaryFolder()
const teacher = ['--teacher', fixturePath('var_tiny_teacher.pth')]
const tiny = [...teacher, '--tokenizer', fixturePath('var_tiny_vqvae.pth'), '--device', 'cpu', '--threads', '1']
const make = (out: string, ...more: string[]) => [
  'pairs',
  ...tiny,
  '--out',
  out,
  '--count',
  '12',
  '--chunk',
  '4',
  ...more,
]

it('makes pairs with the settings asked for', async () => {
  const out = join(folder, 'one')
  const flags = [
    '--cfg',
    '1.5',
    '--top-k',
    '20',
    '--top-p',
    '0.9',
    '--solver',
    'heun',
    '--ode-steps',
    '8',
    '--seed',
    '3',
  ]
  const { code, stdout, stderr } = await distilled(...make(out, ...flags))
  expect(code).toBe(0)
  expect(stdout).toMatch(/one: 12 pairs made in .* s, .* a second\.\n$/)
  expect(stderr).toMatch(/device: cpu, 1 thread[\s\S]*12 of 12 pairs, .* a second\n$/)
  const pairs = await openPairs(out)
  expect(pairs).toMatchObject({ count: 12, length: 30, channels: 16, entries: 128, seed: 3 })
  expect(pairs.settings).toMatchObject({
    teacher: 'var_tiny_teacher.pth',
    tokenizer: 'var_tiny_vqvae.pth',
    solver: 'heun',
    odeSteps: 8,
    cfg: 1.5,
    topK: 20,
    topP: 0.9,
    temperature: 1,
    device: 'cpu',
  })
})

it('makes a shard, keeps what is there, and merges', async () => {
  const out = join(folder, 'two')
  for (const shard of ['1/2', '0/2']) expect((await distilled(...make(out, '--shard', shard, '-q'))).code).toBe(0)
  const again = await distilledJson(...make(out, '--shard', '1/2'))
  expect(again).toMatchObject({ shard: { index: 1, count: 2 }, count: 12, pairs: 8, kept: 8, settings: { seed: 0 } })
  const merged = await distilledJson('pairs', 'merge', out)
  expect(merged).toMatchObject({ folder: out, count: 12, chunk: 4, files: [{ first: 0 }, { first: 4 }, { first: 8 }] })
  const elsewhere = join(folder, 'elsewhere')
  const { stdout } = await distilled('pairs', 'merge', out, '--out', elsewhere)
  expect(stdout).toBe(`${elsewhere}: 12 pairs in 3 files, complete and whole.\n`)
  expect(readdirSync(elsewhere)).toEqual(readdirSync(out))
  rmSync(join(out, 'pairs-000001.safetensors'))
  const { code, stderr } = await distilled('pairs', 'merge', out)
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /pairs-000001\.safetensors \(pairs 4 to 7\) is missing\. This makes them and no other: distilled pairs --teacher/,
  )
})

it('makes pairs of a LlamaGen teacher', async () => {
  const files = [fixturePath('llamagen_tiny_teacher.pt'), '--tokenizer', fixturePath('llamagen_tiny_vq.pt')]
  const config = join(folder, 'tiny.json')
  writeFileSync(config, '{"heads": 4, "tokens": 16}')
  const machine = ['--device', 'cpu', '--threads', '1', '--config', config]
  const out = join(folder, 'llamagen')
  const made = await distilledJson('pairs', '--teacher', ...files, ...machine, '--out', out, '--count', '3')
  expect(made.settings).toMatchObject({ family: 'llamagen', length: 16, channels: 8, entries: 256 })
})

it.each<[string, string[], number, RegExp]>([
  ['no teacher', ['pairs', '--count', '3'], 2, /No teacher was named\. For example --teacher var-d16/],
  ['no count', ['pairs', ...tiny], 2, /How many pairs\? For example --count 20000/],
  ['no tokenizer', ['pairs', ...teacher, '--count', '3'], 2, /needs its tokenizer\. Name its file with --tokenizer/],
  ['a strange shard', [...make('x'), '--shard', '2/2'], 2, /shard "2\/2": expected i\/n/],
  ['a strange solver', [...make('x'), '--solver', 'rk4'], 2, /Allowed choices are dpm, heun, euler/],
  ['one step', [...make('x'), '--ode-steps', '1'], 2, /from 2 to 10,000/],
  ['nothing to merge', ['pairs', 'merge', join('no', 'where')], 2, /has no manifest of pairs/],
  ['other settings', [...make(join(folder, 'one')), '--seed', '4'], 2, /made with other settings than asked for now/],
])('%s', async (_, argv, code, message) => {
  const outcome = await distilled(...argv)
  expect(outcome.stderr).toMatch(message)
  expect(outcome.code).toBe(code)
})

it('explains itself', async () => {
  const { stdout } = await distilled('pairs', '--help')
  expect(stdout).toMatch(/--ode-steps <number>\s+steps of the solver \(default: 32\)/)
  expect((await distilled('pairs', 'merge', '--help')).stdout).toContain('distilled pairs merge <folders...>')
})

it('takes teacher and tokenizer by the folders of their runs', async () => {
  const embedded = (name: string) => fileURLToPath(new URL(`../../models/${name}.safetensors`, import.meta.url))
  const run = (name: string, model: string) => {
    mkdirSync(join(folder, 'runs', name), { recursive: true })
    copyFileSync(embedded(model), join(folder, 'runs', name, 'model.safetensors'))
    return join(folder, 'runs', name)
  }
  const flags = ['--teacher', run('teacher', 'sprites-var'), '--tokenizer', run('tokenizer', 'sprites-var-vqvae')]
  const small = [
    '--count',
    '2',
    '--ode-steps',
    '2',
    '--device',
    'cpu',
    '--threads',
    '1',
    '--out',
    join(folder, 'by-run'),
  ]
  const { settings } = await distilledJson('pairs', ...flags, ...small)
  expect(settings).toMatchObject({ teacher: 'model.safetensors', tokenizer: 'model.safetensors', family: 'var' })
  const nothing = await distilled('pairs', '--teacher', folder, ...small)
  expect(nothing.stderr).toContain(`--teacher ${folder} is a folder `)
  expect(nothing.code).toBe(2)
})
