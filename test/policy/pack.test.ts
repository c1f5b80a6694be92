// The package as npm would publish it: what is in it, and that it works in an empty folder, as a command, as a library
// and for the type checker. Its dependencies are linked from here instead of being downloaded again.
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixturePath } from '../fixtures.ts'
import { itWith, posix } from '../requirements.ts'
import { root, runModule, runProgram } from './child.ts'
import { read } from './sources.ts'

interface Packed {
  filename: string
  files: { path: string; size: number; mode: number }[]
}

const manifest = JSON.parse(read('package.json'))
let folder: string
let packed: Packed
let installed: string
let paths: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pack-'))
  // scripts stay off: dist/ is built, and a rebuild would pull it from under the other tests
  const pack = ['pack', root, '--json', '--ignore-scripts', '--pack-destination', folder]
  const npm = process.env.npm_execpath
  const { stdout } = npm ? await runProgram(process.execPath, [npm, ...pack]) : await runProgram('npm', pack)
  packed = JSON.parse(stdout)[0]
  paths = packed.files.map(({ path }) => path)
  installed = join(folder, 'node_modules', manifest.name)
  await mkdir(installed, { recursive: true })
  const extract = ['-xzf', packed.filename, '-C', join('node_modules', manifest.name), '--strip-components=1']
  expect(await runProgram('tar', extract, { cwd: folder })).toMatchObject({ code: 0 })
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(folder, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(root, 'node_modules', name), link, 'junction')
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module", "private": true }')
})
afterAll(() => rm(folder, { recursive: true }))

describe('the tarball', () => {
  it.each([
    'package.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'bin/distilled.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/index.d.cts',
    'dist/library/evaluation/index.d.cts',
    'docs/LIBRARY.md',
    'examples/exported-model.js',
    'dist/engine/node/worker.js',
    'dist/browser/index.js',
    'dist/browser/worker.js',
    'dist/web/index.d.ts',
    'dist/cli/main.js',
    'dist/app/index.html',
    'dist/app/review.html',
    'dist/app/sw.js',
  ])('holds %s', (path) => {
    expect(paths).toContain(path)
  })

  it('holds nothing else than code, the web app, models, documents and examples', () => {
    const wanted =
      /^(package\.json|[A-Z]+\.md|LICENSE|bin\/distilled\.js|(models|docs|examples|deploy)\/.+|dist\/.+\.(js|d\.c?ts)|dist\/app\/.+)$/
    expect(paths.filter((path) => !wanted.test(path))).toEqual([])
    expect(paths.filter((path) => /\.test\.|fixture/.test(path))).toEqual([])
  })

  it('stays small: at most 4 MB of code and web app, 30 MB with models', () => {
    const size = (kind: RegExp) =>
      packed.files.filter(({ path }) => kind.test(path)).reduce((sum, file) => sum + file.size, 0)
    expect(size(/^(?!(models|docs)\/)/)).toBeLessThan(4e6)
    expect(size(/^docs\//)).toBeLessThan(2e6)
    expect(size(/./)).toBeLessThan(30e6)
  })

  it('has every file that package.json points at', () => {
    const targetsOf = (entry: unknown): string[] =>
      typeof entry === 'string' ? [entry] : Object.values(entry as object).flatMap(targetsOf)
    const targets = targetsOf(manifest.exports)
    expect(targets.length).toBeGreaterThan(6)
    for (const target of [...targets, manifest.bin.distilled]) {
      expect(existsSync(join(installed, target)), target).toBe(true)
    }
  })

  it('has every file that its documents link to', async () => {
    const documents = paths.filter((path) => path.endsWith('.md'))
    expect(documents).toContain('README.md')
    const broken = []
    for (const document of documents) {
      const text = await readFile(join(installed, document), 'utf8')
      for (const [, target] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
        if (/^https?:/.test(target!)) continue
        if (!existsSync(join(installed, dirname(document), target!))) broken.push(`${document}: ${target}`)
      }
    }
    expect(broken).toEqual([])
  })

  itWith(posix)('has a command that can be executed', () => {
    expect(packed.files.find(({ path }) => path === 'bin/distilled.js')?.mode).toBe(0o755)
  })
})

const student = fixturePath('var_tiny_dd.pth')
const tokenizer = fixturePath('var_tiny_vqvae.pth')
const isPng = (bytes: Buffer) => bytes.subarray(1, 4).toString() === 'PNG'

describe('with a package whose native file is missing', () => {
  /** The same installation, with one package copied without its native code. */
  const without = async (name: string, leftOut: RegExp): Promise<string> => {
    const modules = join(folder, `without-${name}`, 'node_modules')
    await mkdir(modules, { recursive: true })
    await cp(installed, join(modules, manifest.name), { recursive: true })
    for (const other of Object.keys(manifest.dependencies)) {
      await mkdir(dirname(join(modules, other)), { recursive: true })
      if (other !== name) await symlink(join(root, 'node_modules', other), join(modules, other), 'junction')
    }
    const filter = (source: string) => !leftOut.test(source)
    await cp(join(root, 'node_modules', name), join(modules, name), { recursive: true, filter })
    return join(modules, manifest.name)
  }
  const sample = (at: string) =>
    runProgram(
      process.execPath,
      [join(at, 'bin', 'distilled.js'), 'sample', '-m', 'sprites-var-dd', '-c', 'boat', '-q'],
      {
        cwd: folder,
      },
    )

  it.each([
    [
      'onnxruntime-node',
      /napi-v\d+|node_modules.onnxruntime-node.node_modules/,
      'ONNX Runtime is installed without its file',
    ],
    ['sharp', /@img/, 'sharp, which reads and writes images, is installed without its file'],
  ])('%s: one sentence says so', async (name, leftOut, message) => {
    const at = await without(name, leftOut)
    const { code, stderr } = await sample(at)
    expect(stderr).toMatch(/^error: [^\n]+\n$/)
    expect(stderr).toContain(message)
    expect(stderr).toContain('npm ci --ignore-scripts')
    expect(code).toBe(1)
  })

  it('a package that is not there at all is named', async () => {
    const bare = await mkdtemp(join(tmpdir(), 'pack-bare-'))
    await cp(installed, bare, { recursive: true })
    const { code, stderr } = await sample(bare)
    await rm(bare, { recursive: true })
    expect(stderr).toMatch(/^error: The package \S+ is not installed: install distilled-decoding again\.\n$/)
    expect(code).toBe(1)
  })
})

describe('installed in an empty folder', () => {
  const command = (...args: string[]) =>
    runProgram(process.execPath, [join(installed, 'bin', 'distilled.js'), ...args], { cwd: folder })

  it('the command samples', async () => {
    const files = ['--student', student, '--tokenizer', tokenizer]
    const run = await command('sample', ...files, '--class', '1', '--count', '2', '--threads', '1', '--out', 'images')
    expect(run).toMatchObject({ code: 0 })
    for (const name of ['000000.png', '000001.png', 'grid.png']) {
      expect(isPng(await readFile(join(folder, 'images', name))), name).toBe(true)
    }
  })

  it('the command knows its version', async () => {
    expect(await command('--version')).toMatchObject({ code: 0, stdout: `${manifest.version}\n` })
  })

  it('the library samples', async () => {
    const run = await runModule(
      `import { load } from 'distilled-decoding'
      const model = await load(${JSON.stringify({ student, tokenizer, threads: 1 })})
      const { images } = await model.sample({ classes: [1], seed: 0, steps: 1 })
      await images[0].save('library.png')
      await model.dispose()`,
      { cwd: folder },
    )
    expect(run).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect(isPng(await readFile(join(folder, 'library.png')))).toBe(true)
  })

  it('CommonJS loads all of it', async () => {
    const source = `
      const { load, UsageError } = require('distilled-decoding')
      const { evaluate, frechetDistance } = require('distilled-decoding/evaluate')
      const { sprites } = require('distilled-decoding/distill')
      load('sprites-var-dd', { threads: 1 }).then(async (model) => {
        const { images } = await model.sample({ classes: ['boat'] })
        await model.dispose()
        console.log(images[0].width, [UsageError, evaluate, frechetDistance, sprites].every((x) => typeof x === 'function'))
      })`
    await writeFile(join(folder, 'common.cjs'), source)
    const run = await runProgram(process.execPath, [join(folder, 'common.cjs')], { cwd: folder })
    expect(run).toMatchObject({ code: 0, stdout: '32 true\n', stderr: '' })
  })

  it('evaluation is a library', async () => {
    const run = await runModule(
      `import { evaluate, openSet } from 'distilled-decoding/evaluate'
      const samples = await openSet('sprites', { sprites: 192 })
      const reference = await openSet('sprites', { sprites: 240 })
      const { protocol, metrics } = await evaluate({ samples, reference, features: 'sprites', metrics: ['fid'], threads: 1 })
      console.log(protocol.count, metrics.fid < 100)`,
      { cwd: folder },
    )
    expect(run).toMatchObject({ code: 0, stdout: '192 true\n' })
  })

  it('the embedded model comes along', async () => {
    const args = ['--model', 'sprites-var-dd', '--class', '1', '--threads', '1', '--out', 'embedded', '--quiet']
    expect(await command('sample', ...args)).toMatchObject({ code: 0, stderr: '' })
    expect(isPng(await readFile(join(folder, 'embedded', '000000.png')))).toBe(true)
  })

  it('the types are found and right', async () => {
    const good = `import { load, type Model } from 'distilled-decoding'
      const model: Model = await load('var-dd-d16', { device: 'cpu' })
      const { images } = await model.sample({ classes: ['goldfish', 207], seed: 0 })
      const data: Uint8Array = images[0]!.data\n`
    await writeFile(join(folder, 'good.ts'), `${good}export { data }\n`)
    await writeFile(join(folder, 'bad.ts'), `${good}export const wrong: string = data\n`)
    expect(await typeCheck('good.ts', '--module', 'nodenext')).toMatchObject({ code: 0, stdout: '' })
    expect((await typeCheck('bad.ts', '--module', 'nodenext')).stdout).toMatch(/bad\.ts\(\d+,\d+\): error TS2322/)
  })

  it('the oldest TypeScript that reads them is the one that the documents name', async () => {
    const [, major, minor] = /TypeScript (\d+)\.(\d+)/.exec(read('docs/LIBRARY.md'))!.map(Number)
    const typed = paths.filter((path) => path.endsWith('.d.ts')).map((path) => readFile(join(installed, path), 'utf8'))
    const needs57 = (await Promise.all(typed)).some((text) => /\b(Uint|Int|Float)\d+Array</.test(text))
    expect([major, minor]).toEqual(needs57 ? [5, 7] : [5, 5])
  })

  it.each([
    ['module.mts', ['--module', 'nodenext']],
    ['module.mts', ['--module', 'esnext', '--moduleResolution', 'bundler']],
    ['common.cts', ['--module', 'nodenext']],
    ['common.cts', ['--module', 'node16']],
  ])('the types need nothing else: %s with %j', async (file, flags) => {
    await writeFile(
      join(folder, 'module.mts'),
      `import { load, type Model } from 'distilled-decoding'
      import { evaluate, type EvaluationResult } from 'distilled-decoding/evaluate'
      import * as distill from 'distilled-decoding/distill'
      import * as web from 'distilled-decoding/web'
      export const model: Model = await load({ student: 'a.pth', tokenizer: 'b.pth' })
      export type Result = EvaluationResult
      export { distill, evaluate, web }\n`,
    )
    await writeFile(
      join(folder, 'common.cts'),
      `import { load, UsageError, type Model } from 'distilled-decoding'
      import metrics = require('distilled-decoding/evaluate')
      async function main(): Promise<Model> { return load('var-dd-d16', { threads: 1 }) }
      const isOurs = (error: unknown): error is UsageError => error instanceof UsageError
      export = { main, isOurs, frechetDistance: metrics.frechetDistance }\n`,
    )
    expect(await typeCheck(file, ...flags)).toMatchObject({ stdout: '', code: 0 })
  })

  /** Declarations are checked, too, and no package of types is there. */
  const typeCheck = (file: string, ...flags: string[]) => {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const strict = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--types', '']
    return runProgram(process.execPath, [tsc, ...strict, ...flags, '--preserveSymlinks', file], {
      cwd: folder,
      timeout: 60_000,
    })
  }
})
