// Every @example of a docblock runs as it is printed, in a folder that holds the files it speaks of and with the values it leaves
// unsaid; where it ends in a comment that is a value, the last expression has that value.
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { root, runModule } from './child.ts'
import { closeAll, hubCache, openValues, serveFolder, writeFiles } from './example-context.ts'
import { bodyOf, docblocks } from './examples.ts'
import { read } from './sources.ts'

/** The examples of these documents are programs: each runs in a process of its own. */
const programs = ['README.md', 'docs/EVALUATION.md'].flatMap((document) =>
  [...read(document).matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => [document, code!] as const),
)

const AsyncFunction = (async () => {}).constructor as FunctionConstructor
const home = process.cwd()
let folder: string
let given: Record<string, unknown> | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-examples-'))
  vi.stubEnv('HF_HUB_CACHE', join(folder, hubCache))
  await writeFiles(folder)
  vi.stubGlobal('fetch', serveFolder(folder))
  process.chdir(folder)
  given = await openValues()
})

afterAll(async () => {
  process.chdir(home)
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  const { model, reader, engine, statisticsOnly, journal, checkpoint } = given ?? {}
  await closeAll([model, reader, engine, statisticsOnly, journal, checkpoint].filter((value) => value !== undefined))
  await rm(folder, { recursive: true })
})

/** The value in a trailing comment, as a list of one; of none when the comment is something else. */
function expected(code: string): unknown[] {
  const comment = /\/\/ (.*)$/.exec(code)?.[1]
  if (!comment) return []
  try {
    const value: unknown = new Function(`return (${comment})`)()
    return typeof value === 'function' ? [] : [value]
  } catch {
    return []
  }
}

it('there are examples to run', () => {
  expect(programs.length).toBeGreaterThan(0)
  expect(docblocks.length).toBeGreaterThan(100)
})

it.each(programs)('%s: %s', async (_, code) => {
  const modules = join(folder, 'node_modules')
  await mkdir(modules, { recursive: true })
  await symlink(root, join(modules, 'distilled-decoding'), 'junction').catch(() => undefined) // by an earlier program
  expect(await runModule(code, { cwd: folder })).toMatchObject({ code: 0, stderr: '' })
})

/** test/engine-web/examples.test.ts runs the others. */
const inPage = (file: string) => file.startsWith('src/web/')

it.each(docblocks.filter(({ file }) => !inPage(file)))('$file: $code', async ({ file, code }) => {
  const module = (await import(/* @vite-ignore */ `../../${file}`)) as Record<string, unknown>
  const scope: Record<string, unknown> = { ...given, ...module }
  const names = Object.keys(scope).filter((name) => name !== 'default')
  const { body, returns } = bodyOf(code)
  const result = await new AsyncFunction(...names, body)(...names.map((name) => scope[name]))
  for (const value of returns ? expected(code) : [])
    expect(ArrayBuffer.isView(result) ? Array.from(result as Float32Array) : result).toEqual(value)
})
