import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UsageError } from '../core/errors.ts'
import { between, choice, listOf, positive, wholeNumber } from './knob-values.ts'
import { knob, knobs, type Resolved } from './knobs.ts'

const config = knobs({
  learningRate: knob(1e-4, {
    unit: 'per step',
    provenance: 'upstream code',
    note: 'AdamW',
    schema: positive(1, 'weights are float32'),
  }),
  steps: knob(1000, {
    unit: 'steps',
    provenance: 'ours',
    note: 'length of the run',
    schema: wholeNumber(1, 9999, 'four digits'),
  }),
  optimizer: knob('adamw', { provenance: 'paper', note: 'optimiser', schema: choice('adamw', 'sgd') }),
  betas: knob([0.9, 0.95], {
    provenance: 'paper',
    note: 'its decays',
    schema: listOf(between(0, 1), { to: 2, why: 'two moments' }),
  }),
  bias: knob(true, { provenance: 'ours', note: 'biases decay, too' }),
  resume: knob(false, { provenance: 'ours', note: 'go on where it ended' }),
  name: knob('run', { provenance: 'ours', note: 'title of the report' }),
})

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-knobs-'))
})
afterAll(() => rm(folder, { recursive: true }))

const file = async (text: string) => {
  const path = join(folder, 'a.json')
  await writeFile(path, text)
  return path
}
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error) => {
      expect(error).toBeInstanceOf(UsageError)
      return error.message.replace(`${folder}/`, '') as string
    },
  )

describe('resolve', () => {
  test('defaults, then the file, then overrides', async () => {
    const path = await file('{ "steps": 10, "optimizer": "sgd", "betas": [0.5] }')
    const resolved: Resolved<typeof config> = await config.resolve({ file: path, overrides: { steps: 3 } })
    expect(resolved).toEqual({ ...config.defaults, steps: 3, optimizer: 'sgd', betas: [0.5] })
    const [count, name]: [number, 'adamw' | 'sgd'] = [resolved.steps, resolved.optimizer]
    expect([count, name]).toEqual([3, 'sgd'])
  })

  test('what is resolved resolves to itself', async () => {
    const resolved = await config.resolve({ file: { steps: 5 }, overrides: { name: 'b' } })
    expect(await config.resolve({ file: JSON.parse(JSON.stringify(resolved)) })).toEqual(resolved)
  })

  test('undefined is not given', async () => {
    expect(await config.resolve({ overrides: { steps: undefined } as object })).toEqual(config.defaults)
  })

  test.each([
    ['{ "learning_rate": 1 }', 'a.json: there is no setting "learning_rate". Did you mean "learningRate"?'],
    ['{ "__proto__": 1 }', /^a.json: there is no setting "__proto__". There are learningRate, steps/],
    ['{ "steps": 1.5 }', 'a.json: "steps" must be a whole number, 1 or more, got 1.5.'],
    ['{ "learningRate": "1e-4" }', 'a.json: "learningRate" must be a number above 0, got "1e-4".'],
    ['{ "optimizer": "adam" }', 'a.json: "optimizer" must be one of adamw, sgd, got "adam".'],
    ['{ "betas": [0.9, 2] }', 'a.json: "betas", item 1, must be a number from 0 to 1, got 2.'],
    ['{ "betas": 0.9 }', 'a.json: "betas" must be a list of numbers, got 0.9.'],
    ['{ "bias": 1 }', 'a.json: "bias" must be true or false, got 1.'],
    ['{ "name": null }', 'a.json: "name" must be text, got null.'],
    ['[1]', 'a.json: expected an object such as {"steps": 1000}, got [1].'],
    ['{', /^a.json is not JSON: /],
  ])('%s is refused', async (text, message) => {
    const found = await refusal(config.resolve({ file: await file(text) }))
    if (typeof message === 'string') expect(found).toBe(message)
    else expect(found).toMatch(message)
  })

  test('a file that is not there is named', async () => {
    expect(await refusal(config.resolve({ file: join(folder, 'none.json') }))).toBe('none.json: there is no such file.')
  })
})

test('rows say what was changed', async () => {
  const rows = config.rows(await config.resolve({ overrides: { betas: [0.9, 0.99] } }))
  expect(rows.map(({ name }) => name)).toEqual(Object.keys(config.defaults))
  expect(rows[0]).toEqual({
    name: 'learningRate',
    value: '0.0001',
    standard: '0.0001',
    unit: 'per step',
    provenance: 'upstream code',
    note: 'AdamW',
    changed: false,
  })
  expect(rows[3]).toMatchObject({ value: '0.9, 0.99', changed: true })
})

describe('as flags of a command', () => {
  const parse = async (...args: string[]) => {
    const command = new Command().exitOverride().configureOutput({ writeErr() {} })
    for (const { flags, description, parse, hidden } of config.options()) {
      const option = new Option(flags, description).hideHelp(hidden)
      command.addOption(parse ? option.argParser(parse) : option)
    }
    command.option('--quiet').parse(args, { from: 'user' })
    return config.resolve({ overrides: config.pick(command.opts()) })
  }

  test('every setting can be given', async () => {
    const given = ['--learning-rate', '3e-5', '--betas', '0.8, 0.9', '--optimizer', 'sgd', '--no-bias', '--resume']
    expect(await parse(...given, '--quiet')).toEqual({
      ...config.defaults,
      learningRate: 3e-5,
      betas: [0.8, 0.9],
      optimizer: 'sgd',
      bias: false,
      resume: true,
    })
    expect(await parse()).toEqual(config.defaults)
  })

  test('what cannot be is refused by the name of the flag', async () => {
    const refused = (...args: string[]) => refusal(parse(...args))
    expect(await refused('--steps', '10x')).toBe('--steps must be a whole number, 1 or more, got "10x".')
    expect(await refused('--betas', '0.9,,')).toBe('--betas, item 1, must be a number from 0 to 1, got "".')
    expect(await refused('--optimizer', 'adam')).toBe('--optimizer must be one of adamw, sgd, got "adam".')
  })

  test('help names default, unit, provenance and choices', () => {
    const descriptions = config.options().map(({ flags, description }) => `${flags}  ${description}`)
    expect(descriptions).toContain('--learning-rate <number>  AdamW (default: 0.0001 per step; upstream code)')
    expect(descriptions).toContain('--optimizer <name>  optimiser: adamw, sgd (default: adamw; paper)')
    const shown = config.options().filter(({ hidden }) => !hidden)
    expect(shown.map(({ flags }) => flags)).toEqual(expect.arrayContaining(['--no-bias', '--resume']))
    expect(shown).toHaveLength(Object.keys(config.defaults).length)
  })
})
