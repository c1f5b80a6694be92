// What a page downloads besides weights and ONNX Runtime, as it is published: small, whole, and free of Node.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { root } from './site.ts'

const folder = join(root, 'dist', 'browser')
const code = (file: string) => readFileSync(join(folder, file), 'utf8')
const gzipped = (files: Iterable<string>) =>
  [...files].reduce((sum, file) => sum + gzipSync(code(file), { level: 9 }).length, 0)

/** The files that a script needs before it runs. */
function withImports(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found
  found.add(file)
  for (const [, name] of code(file).matchAll(/\b(?:from|import)\s*["']\.\/([\w.-]+)["']/g)) withImports(name!, found)
  return found
}

const started = new Set([...withImports('index.js'), ...withImports('worker.js')])
const all = readdirSync(folder)

it('what every page loads is under 85 kB (gzip), page and worker together', () => {
  const size = gzipped(started)
  console.log(
    `distilled-decoding/web: ${(size / 1000).toFixed(1)} kB gzip; with everything that is loaded on demand ${(gzipped(all) / 1000).toFixed(1)} kB`,
  )
  expect(started.size).toBeGreaterThan(2)
  expect(size).toBeLessThan(85_000)
})

it('readers of PyTorch files and the names of a thousand classes come on demand', () => {
  const later = all.filter((file) => !started.has(file))
  expect(later).toEqual(expect.arrayContaining(['torch-zip.js', 'torch-legacy.js', 'zip.js', 'registry.js']))
  const names = all.filter((file) => code(file).includes('golden retriever'))
  expect(names.length).toBe(1)
  expect(later).toContain(names[0])
})

it('what comes on demand never runs the worker’s script a second time', () => {
  const importers = all.filter((file) => /["']\.\/worker\.js["']/.test(code(file).replace(/new URL\([^)]*\)/g, '')))
  expect(importers).toEqual([])
})

it('imports nothing but itself and ONNX Runtime', () => {
  const pattern = /\b(?:from|import)\s*\(?\s*["'`]((?:\.{0,2}\/|node:|@?[a-z])[\w./@:-]*)["'`]/g
  const specifiers = all.flatMap((file) => Array.from(code(file).matchAll(pattern), ([, specifier]) => specifier!))
  const own = specifiers.filter((specifier) => specifier.startsWith('./'))
  expect(own.filter((specifier) => !existsSync(join(folder, specifier)))).toEqual([])
  const others = new Set(specifiers.filter((specifier) => !specifier.startsWith('./')))
  expect([...others].sort()).toEqual(['onnxruntime-web/wasm', 'onnxruntime-web/webgpu'])
})
