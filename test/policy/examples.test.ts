// Every @example of a docblock runs, in a folder that holds the files it speaks of and with the values it leaves
// unsaid; where it ends in a comment that is a value, the last expression has that value.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { closeAll, hubCache, openValues, writeFiles } from './example-context.ts'
import { read, sourceFiles } from './sources.ts'

interface Example {
  file: string
  code: string
}

/** README's library example runs as it is printed, but for the model it names. */
const readme: Example[] = [...readFileSync('README.md', 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => ({
  file: 'src/index.ts',
  code: block!
    .replace(/^import .*\n+/, '')
    .replace("'goldfish', 207", '1, 7')
    .trim(),
}))

const docblocks: Example[] = sourceFiles().flatMap((file) =>
  [...read(file).matchAll(/@example\n((?: *\* .*\n)+)/g)].map(([, block]) => ({
    file,
    code: block!
      .split('\n')
      .map((line) => line.replace(/^ *\* /, ''))
      .filter((line) => !line.startsWith('@'))
      .join('\n')
      .trim(),
  })),
)

const examples = [...readme, ...docblocks]

/**
 * Small models that come with the repository stand for released ones. Node 20 has no `using`; what it would close, and
 * what an example leaves open, the test closes.
 */
const adapted = (code: string) =>
  code
    .replaceAll(/(?:await using (\w+)|^const (server|journal)) = /gm, 'const $1$2 = opened.$1$2 = ')
    .replaceAll('writeSafetensors(tensors,', 'writeSafetensors([],')
    .replaceAll("load('var-dd-d16'", "load('sprites-var-dd'")
    .replaceAll("download(findModel('var-dd-d16')", "download(findModel('sprites-var-dd')")
    .replaceAll("resolveModel({ model: 'var-dd-d16' })", "resolveModel({ model: 'sprites-var-dd' })")
    .replaceAll(/\b(sample|stream)\((.*)207/g, '$1($27')

const AsyncFunction = (async () => {}).constructor as FunctionConstructor
const home = process.cwd()
let folder: string
let given: Record<string, unknown> | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-examples-'))
  vi.stubEnv('HF_HUB_CACHE', join(folder, hubCache))
  await writeFiles(folder)
  process.chdir(folder)
  given = await openValues()
})

afterAll(async () => {
  process.chdir(home)
  vi.unstubAllEnvs()
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

/** Examples of the library in the page; what they show is tested there (test/engine-web). */
const inPage = (file: string) => file.startsWith('src/web/')

/** Examples that need a web server, a browser's file input, a training, or a network of released size, or that throw. */
const elsewhere = [
  ...[/httpSource/, /blobSource/, /tiledConv3x3/, /await bench\(/, /^throw /, /'VAR-DD-d16'/],
  ...[/await train\(/, /await readTrained\(/],
]

it('there are examples to run', () => {
  expect(readme.length).toBeGreaterThan(0)
  expect(docblocks.length).toBeGreaterThan(30)
})

it.each(examples.filter(({ file, code }) => !inPage(file) && !elsewhere.some((pattern) => pattern.test(code))))(
  '$file: $code',
  async ({ file, code }) => {
    const opened: Record<string, unknown> = {}
    const module = (await import(/* @vite-ignore */ `../../${file}`)) as Record<string, unknown>
    const scope: Record<string, unknown> = { ...given, ...module, opened }
    const declared = [...code.matchAll(/\b(?:const|let|await using) ([^=]+?) (?:=|of) /g)].flatMap(([, pattern]) =>
      [...pattern!.matchAll(/\b\w+\b(?!:)/g)].map(([name]) => name),
    )
    const names = Object.keys(scope).filter((name) => !declared.includes(name) && name !== 'default')
    const lines = adapted(code).split('\n')
    const last = lines.findLastIndex((line) => /^[^\s)}\]]/.test(line)) // the statement that the example ends with
    const gives = !/^(const|let|for|if)\b/.test(lines[last]!)
    if (gives) lines[last] = `return ${lines[last]}`
    try {
      const result = await new AsyncFunction(...names, lines.join('\n'))(...names.map((name) => scope[name]))
      for (const value of gives ? expected(lines.at(-1)!) : [])
        expect(ArrayBuffer.isView(result) ? Array.from(result as Float32Array) : result).toEqual(value)
    } finally {
      await closeAll(Object.values(opened))
    }
  },
)
