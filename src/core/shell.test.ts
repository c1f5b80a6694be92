// Every word comes back from a real shell as it was.
import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { quoteForShell, shellCommand } from './shell.ts'

const words = (line: string): string[] =>
  execFileSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)

const hostile = [
  'x; touch OWNED #',
  '$(id)',
  '`id`',
  "it's",
  '"',
  '',
  ' ',
  '~',
  '*',
  'a\nb',
  '\\',
  '-rf',
  '&&',
  '!!',
  '>x',
]

it('quotes what a shell acts on and nothing else', () => {
  expect(words(hostile.map(quoteForShell).join(' '))).toEqual(hostile)
  expect(quoteForShell('runs/var-d16@2:a,b=1.50%+')).toBe('runs/var-d16@2:a,b=1.50%+')
})

it('any text comes back', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\0'))
  const sure = { numRuns: 30 }
  fc.assert(
    fc.property(fc.array(text, { maxLength: 20 }), (all) => {
      expect(words(all.map(quoteForShell).join(' '))).toEqual(all.length ? all : [''])
    }),
    sure,
  )
})

it('a path that looks like an option stays a path', () => {
  const line = shellCommand(['distilled', 'sample', 'merge', '-o', 'b c'], {
    model: 'x; id',
    count: 3,
    flow: true,
    seed: undefined,
  })
  expect(line).toBe("distilled sample merge ./-o 'b c' --model 'x; id' --count 3 --flow")
})
