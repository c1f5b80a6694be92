// Every @example of a docblock runs, in a folder that holds the files it speaks of and with the values it leaves
// unsaid; where it ends in a comment that is a value, the last expression has that value.
import { readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fixturePath } from '../fixtures.ts'
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

/** Released models stand for the small ones that come with the repository; Node 20 has no `using`. */
const adapted = (code: string) =>
  code
    .replaceAll(/await using (\w+) = /g, 'const $1 = opened.$1 = ')
    .replaceAll('writeSafetensors(tensors,', 'writeSafetensors([],')
    .replaceAll("load('var-dd-d16'", "load('sprites-var-dd'")
    .replaceAll("download(findModel('var-dd-d16')", "download(findModel('sprites-var-dd')")
    .replaceAll("resolveModel({ model: 'var-dd-d16' })", "resolveModel({ model: 'sprites-var-dd' })")
    .replaceAll(/\b(sample|stream)\((.*)207/g, '$1($27')

const AsyncFunction = (async () => {}).constructor as FunctionConstructor
const home = process.cwd()
const opened: Record<string, { dispose(): Promise<void> }> = {}
let folder: string
let given: Record<string, unknown>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-examples-'))
  await mkdir(join(folder, 'samples'))
  await copyFile(fixturePath('var_tiny_dd.pth'), join(folder, 'var-d16.pth'))
  await writeFile(join(folder, 'tiny.json'), '{ "family": "llamagen", "heads": 4, "tokens": 16 }')
  await sharp({ create: { width: 40, height: 30, channels: 3, background: 'red' } }).toFile(join(folder, 'photo.jpg'))
  await mkdir(join(folder, 'imagenet', 'train', 'tench'), { recursive: true })
  await copyFile(join(folder, 'photo.jpg'), join(folder, 'imagenet', 'train', 'tench', '0.jpg'))
  await mkdir(join(folder, 'runs', 'sprites'), { recursive: true })
  await writeFile(join(folder, 'runs', 'sprites', 'log.jsonl'), '')
  process.chdir(folder)
  given = await surroundings(folder)
})

afterAll(async () => {
  process.chdir(home)
  for (const value of [given?.model, ...Object.values(opened)]) await (value as typeof opened.x)?.dispose()
  await (given?.checkpoint as { close(): Promise<void> })?.close()
  await rm(folder, { recursive: true })
})

/** What examples take for granted: an open model, its images, a checkpoint, some arrays. */
async function surroundings(folder: string): Promise<Record<string, unknown>> {
  const library = await import('../../src/index.ts')
  const { bufferSource } = await import('../../src/checkpoint/sources.ts')
  const { npzBytes } = await import('../../src/checkpoint/npz.ts')
  const { sprites } = await import('../../src/data/sprites.ts')
  const { readImage } = await import('../../src/images/read.ts')
  const { input } = await import('../../src/graph/index.ts')
  const { mul, sum } = await import('../../src/graph/ops/index.ts')
  const model = await library.load(undefined, {
    student: join(folder, 'var-d16.pth'),
    tokenizer: fixturePath('var_tiny_vqvae.pth'),
  })
  const { images } = await model.sample({ classes: [1, 2] })
  await images[0]!.save(join(folder, '000000.png'))
  const checkpoint = await library.openFile(join(folder, 'var-d16.pth'))
  const { tensors } = library.selectStateDict(checkpoint, ['trainer.ema_parameters'])
  const bytes = npzBytes({ mu: { shape: [2], data: Float32Array.of(1, 2) } })
  return {
    ...library,
    model,
    images,
    image: images[0],
    png: await readFile(join(folder, '000000.png')),
    planes: new Float32Array(3 * 256 * 256),
    checkpoint,
    tensors,
    bytes,
    bufferSource,
    sprites,
    readImage,
    ...{ input, mul, sum, codes: input('codes', 'float32', [2]), z: input('z', 'float32', [2]) },
    noise: new Float32Array(680 * 32),
    pixels: new Uint8Array(8 * 256 * 256 * 3),
    file: { write() {} },
    readFile,
    writeFile,
    opened,
    signal: new AbortController().signal,
    logits: Float32Array.of(1, 2, 3),
    u: 0.5,
    step: 0,
    family: model.family,
    console: { log() {} },
    process: { stdout: { write() {} }, stderr: { write() {} } },
  }
}

/** The value in a trailing comment, if it is one. */
function expected(code: string): unknown {
  const comment = /\/\/ (.*)$/.exec(code)?.[1]
  if (!comment) return undefined
  try {
    const value: unknown = new Function(`return (${comment})`)()
    return typeof value === 'function' ? undefined : value
  } catch {
    return undefined
  }
}

/** Examples that need a web server, a browser's file input, a training, or a network of released size, or that throw. */
const elsewhere = [
  ...[/httpSource/, /blobSource/, /tiledConv3x3/, /await bench\(/, /^throw /, /'VAR-DD-d16'/],
  ...[/await train\(/, /await readTrained\(/],
]

it('there are examples to run', () => {
  expect(readme.length).toBeGreaterThan(0)
  expect(docblocks.length).toBeGreaterThan(30)
})

it.each(examples.filter(({ code }) => !elsewhere.some((pattern) => pattern.test(code))))(
  '$file: $code',
  async ({ file, code }) => {
    const scope = { ...given, ...(await import(/* @vite-ignore */ `../../${file}`)) } as Record<string, unknown>
    const declared = [...code.matchAll(/\b(?:const|let|await using) (?:\{([^}]*)\}|(\w+))/g)].flatMap(
      ([, many, one]) => (one ? [one] : many!.split(',').map((name) => name.split(':').at(-1)!.trim())),
    )
    const names = Object.keys(scope).filter(
      (name) => !declared.includes(name) && /^[\w$]+$/.test(name) && name !== 'default',
    )
    const lines = adapted(code).split('\n')
    const last = lines.at(-1)!
    if (!/^(const|let|for|if|\}|\))/.test(last)) lines[lines.length - 1] = `return ${last}`
    const result: unknown = await new AsyncFunction(...names, lines.join('\n'))(...names.map((name) => scope[name]))
    const value = expected(last)
    if (value !== undefined && last === lines.at(-1)?.replace(/^return /, ''))
      expect(ArrayBuffer.isView(result) ? Array.from(result as Float32Array) : result).toEqual(value)
  },
)
