// The package as npm would publish it: what is in it, and that it works in an empty folder, as a command, as a library
// and for the type checker. Its dependencies are linked from here instead of being downloaded again.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixturePath } from '../fixtures.ts'
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
    'dist/engine/node-worker.js',
    'dist/browser/index.js',
    'dist/browser/worker.js',
    'dist/web/index.d.ts',
    'dist/cli/main.js',
    'dist/app/index.html',
    'dist/app/sw.js',
  ])('holds %s', (path) => {
    expect(paths).toContain(path)
  })

  it('holds nothing else than code, the web app, models and their papers', () => {
    const wanted =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/distilled\.js|models\/.+|dist\/.+\.(js|d\.ts)|dist\/app\/.+)$/
    expect(paths.filter((path) => !wanted.test(path))).toEqual([])
    expect(paths.filter((path) => /\.test\.|fixture/.test(path))).toEqual([])
  })

  it('stays small: at most 3 MB of code and web app, 30 MB with models', () => {
    const size = (kind: RegExp) =>
      packed.files.filter(({ path }) => kind.test(path)).reduce((sum, file) => sum + file.size, 0)
    expect(size(/^(?!models\/)/)).toBeLessThan(3e6)
    expect(size(/./)).toBeLessThan(30e6)
  })

  it('has every file that package.json points at', () => {
    const targets = Object.values(manifest.exports).flatMap((e) =>
      typeof e === 'string' ? [e] : Object.values(e as object),
    )
    expect(targets.length).toBeGreaterThan(6)
    for (const target of [...targets, manifest.bin.distilled]) {
      expect(existsSync(join(installed, target)), target).toBe(true)
    }
  })

  it.skipIf(process.platform === 'win32')('has a command that can be executed', () => {
    expect(packed.files.find(({ path }) => path === 'bin/distilled.js')?.mode).toBe(0o755)
  })
})

const student = fixturePath('var_tiny_dd.pth')
const tokenizer = fixturePath('var_tiny_vqvae.pth')
const isPng = (bytes: Buffer) => bytes.subarray(1, 4).toString() === 'PNG'

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
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const flags = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--lib',
      'es2023,dom,esnext.disposable',
    ]
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')]
    const check = (file: string) => runProgram(process.execPath, [tsc, ...flags, ...types, file], { cwd: folder })
    expect(await check('good.ts')).toMatchObject({ code: 0, stdout: '' })
    expect((await check('bad.ts')).stdout).toMatch(/bad\.ts\(\d+,\d+\): error TS2322/)
  })
})
