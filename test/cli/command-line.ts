// Runs command lines in-process and keeps what they print.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { run } from '../../src/cli/main.ts'
import { fixturePath } from '../fixtures.ts'

export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** `distilled ...argv` with its exit code and output. */
export async function distilled(...argv: string[]): Promise<Outcome> {
  const text = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof text, isTTY = false) => ({
    isTTY,
    write: (chunk: string) => {
      text[name] += chunk
    },
  })
  const io = { stdout: stream('stdout'), stderr: stream('stderr'), signal: new AbortController().signal }
  return { code: await run(argv, io), ...text }
}

/** The same with --json, parsed; fails unless the exit code is 0. */
// biome-ignore lint/suspicious/noExplicitAny: each test knows what it asks for
export async function distilledJson(...argv: string[]): Promise<any> {
  const { code, stdout, stderr } = await distilled(...argv, '--json')
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`)
  return JSON.parse(stdout)
}

/** A new folder that is removed after the file's tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'distilled-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** `argv` with `flags` in place of its own values for the same options. */
export function overridden(argv: readonly string[], ...flags: string[]): string[] {
  const isGiven = (word: string | undefined) => word?.startsWith('-') && flags.includes(word)
  return [...argv.filter((word, i) => !isGiven(word.startsWith('-') ? word : argv[i - 1])), ...flags]
}

const quick = ['--device', 'cpu', '--threads', '1']

/** Flags for the tiny models of the fixtures: 10 classes, 64 x 64 pixels. */
export const tinyVar = [
  '--student',
  fixturePath('var_tiny_dd.pth'),
  '--teacher',
  fixturePath('var_tiny_teacher.pth'),
  '--tokenizer',
  fixturePath('var_tiny_vqvae.pth'),
  ...quick,
]

/** Flags for an exported folder below `folder`: twelve classes of 32 x 32 pixels, of which number 7 counts as sensitive. */
export async function sensitiveModel(folder: string): Promise<string[]> {
  const out = join(folder, 'sensitive-model')
  await distilledJson('export', 'sprites-var-dd', '--threads', '1', '--out', out)
  const path = join(out, 'config.json')
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), sensitive_classes: [7] }))
  return ['--model', out, ...quick]
}

export const tinyLlamaGen = (config: string): string[] => [
  '--student',
  fixturePath('llamagen_tiny_dd.pt'),
  '--teacher',
  fixturePath('llamagen_tiny_teacher.pt'),
  '--tokenizer',
  fixturePath('llamagen_tiny_vq.pt'),
  '--config',
  config,
  ...quick,
]
