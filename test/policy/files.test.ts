// House rules that a machine can check: files introduce themselves, nothing is left for later, no file shows on whose
// machine it was written.
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import * as requirements from '../requirements.ts'
import { root } from './child.ts'
import { isCode, isTest, read, repositoryFiles } from './sources.ts'

const files = repositoryFiles()
const code = files.filter(isCode)
const text = files.filter((file) => /\.(ts|tsx|js|json|md|yml|yaml|html|css|proto|sh)$|^\.ci\/|^LICENSE$/.test(file))

it('finds the repository', () => {
  expect(code).toContain('src/index.ts')
  expect(text).toContain('package.json')
})

it('every code file but unit tests begins with a comment that says what it is', () => {
  const silent = code.filter((file) => !/^(#!.*\n)?(\/\/ \S|\/\*\* ?\S)/.test(read(file)))
  expect(silent.filter((file) => !/\.(config|test)\.ts$/.test(file))).toEqual([])
})

it('nothing is left for later', () => {
  const marks = new RegExp(`\\b(${['TO', 'FIX', 'XX'].map((half, i) => half + ['DO', 'ME', 'X'][i]).join('|')})\\b`)
  expect(text.filter((file) => file !== 'package-lock.json' && marks.test(read(file)))).toEqual([])
})

it('tests are left out only for the reasons that test/requirements.ts lists, and none runs alone', () => {
  const modes = ['only', 'todo', 'fails', 'skip', 'skipIf', 'runIf'].join('|')
  const alone = new RegExp(
    `\\b(it|describe|test|context|each\\(.*\\))\\.(${modes})\\b|[{,] ?skip\\b[^\n]*=>|\\bskip\\(`,
  )
  const tests = code.filter((file) => isTest(file) && file !== 'test/requirements.ts')
  expect(tests.filter((file) => alone.test(read(file)))).toEqual([])
})

it('CONTRIBUTING.md has every requirement of a test', () => {
  const rows = read('CONTRIBUTING.md').match(/^\| .*/gm) ?? []
  const missing = Object.values(requirements).filter((value) => typeof value === 'object')
  expect(missing.length).toBeGreaterThan(5)
  expect(missing.filter(({ name }) => !rows.some((row) => row.startsWith(`| ${name} |`)))).toEqual([])
})

it('no path of a developer’s machine', () => {
  const found = text.flatMap((file) => {
    const hits = read(file).match(/(?<![\w.*}\])-])\/(work|root|home|Users)\/[\w.]+/g) ?? []
    return hits.map((hit) => `${file}: ${hit}`)
  })
  expect(found).toEqual([])
})

it('no file is larger than 10 MB', () => {
  expect(files.filter((file) => statSync(join(root, file)).size > 10e6)).toEqual([])
})

it('every document that a comment or a document names is there', () => {
  const missing = text.flatMap((file) => {
    const said = file.endsWith('.md') ? read(file) : commentsOf(read(file))
    const names = said.match(/(?<![\w./*:-])(?:[\w-]+\/|\.\.\/)*[\w-]+\.md\b/g) ?? []
    const found = (name: string) =>
      [root, join(root, 'docs'), join(root, dirname(file))].some((place) => existsSync(join(place, name)))
    return names.filter((name) => !found(name)).map((name) => `${file}: ${name}`)
  })
  expect(missing).toEqual([])
})

/** The comments of a file in TypeScript, JavaScript, CSS, YAML or a shell's language. */
const commentsOf = (source: string): string =>
  (source.match(/^\s*(?:\/\/|\/?\*|#).*|\s\/\/ .*/gm) ?? []).map((line) => line.trim()).join('\n')

it('ARCHITECTURE.md names every folder of src/ and fits two screens', () => {
  const architecture = read('ARCHITECTURE.md')
  const rooms = new Set(files.flatMap((file) => file.match(/^src\/(\w+)\//)?.[1] ?? []))
  expect([...rooms].filter((room) => !architecture.includes(`\n| \`${room}/\``))).toEqual([])
  const lines = architecture.trimEnd().split('\n')
  expect(lines.length).toBeLessThanOrEqual(125)
  expect(lines.filter((line) => line.length > 110)).toEqual([])
})
