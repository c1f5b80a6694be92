// Does memory come back? Loads a model, samples one image and disposes of it, again and again, and prints what the process holds:
//   node --expose-gc scripts/load-dispose.js [times] [model]
// onnxruntime#25325 is about sessions that are opened and released; docs/LIBRARY.md has the figures.

import { build } from './build.js'

build()
/** @type {typeof import('../src/index.ts')} */
const { load } = await import(String(new URL('../dist/index.js', import.meta.url)))

const [times, name] = [Number(process.argv[2] ?? 50), process.argv[3] ?? 'sprites-var-dd']
for (let i = 1; i <= times; i++) {
  const model = await load(name, { device: 'cpu', threads: 1 })
  await model.sample({ classes: [i % 12], seed: i })
  await model.dispose()
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const [all, heap, outside] = [rss, heapUsed, external].map((bytes) => (bytes / 1e6).toFixed(1).padStart(7))
  if (i === 1 || i % 5 === 0)
    console.log(`${String(i).padStart(4)}: resident ${all} MB, heap ${heap} MB, external ${outside} MB`)
}
