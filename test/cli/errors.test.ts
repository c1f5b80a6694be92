// Exit codes and messages: 2 for what was asked wrongly, 1 for what failed; one paragraph that says what to do.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { fixturePath } from '../fixtures.ts'
import { distilled, overridden, temporaryFolder, tinyVar } from './command-line.ts'

const folder = temporaryFolder()
const written = (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const dir = join(folder, 'out')
const sample = (...flags: string[]) => overridden(['sample', ...tinyVar, '--out', dir], ...flags)
const tokenizer = ['--tokenizer', fixturePath('var_tiny_vqvae.pth'), '--class', '1', '--out', dir]

describe('bad usage ends with 2', () => {
  it.each([
    [
      'a number with a tail',
      sample('--class', '1', '--seed', '1x'),
      /'1x' is invalid. Expected a whole number from 0 to 9,007,199,254,740,991\./,
    ],
    ['a number out of range', sample('--class', '1', '--top-p', '1.5'), 'Expected a number from 0 to 1.'],
    ['no number', sample('--class', '1', '--cfg', 'high'), 'Expected a number from 0 to 1,000.'],
    ['a list that is none', sample('--class', '1', '--timesteps', '0;5'), 'such as 0,5'],
    ['zero images', sample('--class', '1', '--count', '0'), 'Expected a whole number from 1 to 10,000,000.'],
    ['an unknown flag', sample('--sed', '1'), "unknown option '--sed' (Did you mean --seed?)"],
    ['an unknown command', ['sampel'], "unknown command 'sampel' (Did you mean sample?)"],
    ['no class', sample(), 'For example --class otter'],
    [
      'a file for a folder',
      ['sample', ...tinyVar, '--class', '1', '--out', written('a-file', '')],
      'through a file. Name a folder.',
    ],
    [
      'a class that is nearly one',
      ['sample', '--model', 'sprites-var-dd', '--class', 'mushrom', '--out', dir],
      'Did you mean "mushroom" (class 4)?',
    ],
    [
      'a class beyond the checkpoint',
      sample('--class', '10'),
      'There is no class 10: the classes of the model are 0 to 9.',
    ],
    ['a device there is not', sample('--class', '1', '--device', 'gpu'), 'Allowed choices are auto, cpu, cuda'],
    ['no model', ['sample', ...tokenizer], 'needs a student or a teacher checkpoint'],
    ['a model that is nearly one', ['sample', '--model', 'var-dd-16', '--class', '1', '--out', dir], '"var-dd-d16"?'],
    ['a missing file', sample('--class', '1', '--student', 'nowhere.pth'), 'nowhere.pth: there is no such file'],
    [
      'a missing tokenizer',
      ['sample', ...tinyVar.slice(0, 2), '--class', '1', '--out', dir],
      'Name its file with --tokenizer',
    ],
    ['a preset there is not', sample('--class', '1', '--steps', '7'), 'Give --timesteps and --split'],
    ['timesteps out of range', sample('--class', '1', '--timesteps', '0,9'), 'from 1 to 3 for this model, got 9'],
    ['a plan that contradicts itself', sample('--class', '1', '--teacher-only', '--steps', '1'), 'Leave them out.'],
    ['no folder for the dump', sample('--class', '1', '--dump', join(folder, 'no/d.npz')), 'Create it first.'],
    ['an image without settings', sample('--like', written('plain.txt', 'x')), 'no PNG, JPEG or WebP file'],
    ['a model name for download', ['download', 'var-d61'], 'Did you mean "var-d'],
    ['the teacher of a teacher', ['download', 'var-d16', '--teacher'], 'Leave --teacher out.'],
    ...[
      ['inspect', 'nowhere.pth'],
      sample('--class', '1', '--noise', 'nowhere.npy'),
      sample('--class', '1', '--student', 'nowhere.pth'),
      ['sample', '--like', 'nowhere.png'],
      ['evaluate', 'nowhere', '--reference', 'sprites', '--features', 'sprites'],
      ['evaluate', 'sprites', '--reference', 'sprites', '--features', 'nowhere.pth'],
      ['evaluate', '--compare', 'nowhere.json', 'nowhere.json'],
      ['report', 'nowhere.json'],
      ['review', 'report', 'nowhere'],
      ['sample', 'export', 'nowhere', '--out', join(folder, 'x')],
      ['pairs', '--teacher', 'nowhere.pth', '--tokenizer', 'nowhere.pth', '--count', '1'],
      ['train', 'tokenizer', '--family', 'var', '--classifier', 'nowhere.pth', '--out', join(folder, 'x')],
      ['data', 'preview', '--data', 'nowhere'],
    ].map((line): [string, string[], RegExp] => [
      `a file that is not there: ${line.slice(0, 2).join(' ')}`,
      line,
      /nowhere.*(no such (file|folder)|no file|there is no)|no file.*nowhere/,
    ]),
    ['a class filter without hits', ['models', '--classes', 'goldfsh'], 'Did you mean "goldfish"?'],
  ])('%s', async (what, argv, message) => {
    const { code, stdout, stderr } = await distilled(...argv)
    expect(stderr).toMatch(message)
    expect(code).toBe(what === 'an image without settings' ? 1 : 2)
    expect(stdout).toBe('')
    expect(
      stderr
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('device: ')),
    ).toHaveLength(1)
  })

  it('also for a config that is wrong, which is named with its key', async () => {
    for (const [text, message] of [
      ['{"head": 2}', 'there is no key "head"; known are family, heads, tokens, patchNums. Did you mean "heads"?'],
      ['{"heads": "2"}', '"heads" must be a whole number above 0, got "2"'],
      ['{"patchNums": [1, 2.5]}', '"patchNums.1" must be a whole number above 0, got 2.5'],
      ['{"family": "gpt"}', '"family" must be "var" or "llamagen", got "gpt"'],
      ['[]', 'it must be an object such as'],
      ['{', 'is not JSON'],
      ['{"family": "llamagen"}', 'var_tiny_dd.pth looks like var'],
      ['{"patchNums": [1, 2, 3]}', 'do not fit var_tiny_dd.pth, which has 4 scales and 30 tokens'],
    ] as const) {
      const { code, stderr } = await distilled(...sample('--class', '1', '--config', written('config.json', text)))
      expect(stderr).toContain(message)
      expect(code).toBe(2)
    }
    expect((await distilled(...sample('--class', '1', '--config', 'nowhere.json'))).stderr).toContain('no such file')
  })
})

describe('failure ends with 1', () => {
  it.each([
    ['a file of another role', ['--student', fixturePath('var_tiny_teacher.pth')], 'given as the student of a var'],
    ['a tokenizer of another family', ['--tokenizer', fixturePath('llamagen_tiny_vq.pt')], 'looks like llamagen-vq'],
    ['a truncated file', ['--student', fixturePath('bad_truncated.pth')], 'bad_truncated.pth'],
    ['a wrong shape', ['--student', fixturePath('bad_wrong_shape.pth')], 'head.weight'],
  ])('%s', async (_, flags, message) => {
    const { code, stderr } = await distilled(...sample('--class', '1', ...flags))
    expect(stderr).toContain(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(code).toBe(1)
  })

  it('and a hostile file is refused, not executed', async () => {
    const flags = ['--student', fixturePath('bad_unsafe_pickle.pth'), ...tokenizer]
    expect(await distilled('sample', ...flags)).toMatchObject({ code: 1 })
    expect(existsSync('/tmp/pwned')).toBe(false)
  })
})

it('the stack is shown only when asked for', async () => {
  const argv = sample('--class', 'goldfsh')
  expect((await distilled(...argv)).stderr).not.toContain('    at ')
  vi.stubEnv('DISTILLED_DEBUG', '1')
  expect((await distilled(...argv)).stderr).toContain('    at ')
  vi.unstubAllEnvs()
})
