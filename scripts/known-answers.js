// Makes the known answers of the embedded models anew, for the self-test in pages (src/web/self-test.ts): noise, labels, and the
// images that one step makes of them on this processor. To be run after scripts/embed.js:
//   node scripts/known-answers.js

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, root } from './build.js'

build()
/** @param {string} path */
const built = (path) => import(String(new URL(`../dist/${path}`, import.meta.url)))
/** @type {typeof import('../src/library/node/load.ts')} */
const { load } = await built('library/node/load.js')
/** @type {typeof import('../src/checkpoint/safetensors.ts')} */
const { writeSafetensors } = await built('checkpoint/safetensors.js')
/** @type {typeof import('../src/zoo/embedded.ts')} */
const { embedded } = await built('zoo/embedded.js')

const classes = [0, 7]

for (const { name, kind } of embedded) {
  if (kind !== 'student') continue
  const model = await load(name, { device: 'cpu' })
  const { results } = await model.sample({ classes, steps: 1, seed: 2412 })
  const { groups, channels, imageSize: side } = model.family
  const tokens = groups.reduce((sum, size) => sum + size, 0)
  const n = classes.length
  const bytes = (/** @type {ArrayBufferView} */ a) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength)
  const joined = (/** @type {ArrayBufferView[]} */ parts) => new Uint8Array(Buffer.concat(parts.map(bytes)))
  const file = writeSafetensors([
    { name: 'labels', dtype: 'int64', shape: [n], data: bytes(BigInt64Array.from(classes, BigInt)) },
    {
      name: 'noise',
      dtype: 'float32',
      shape: [n, tokens, channels],
      data: joined(results.map((r) => r.details.noise)),
    },
    {
      name: 'steps_1.image',
      dtype: 'uint8',
      shape: [n, side, side, 3],
      data: joined(results.map((r) => r.image.data)),
    },
  ])
  const path = join(root, 'models', `${name}.known-answer.safetensors`)
  await writeFile(path, Buffer.concat(file))
  console.log(path)
  await model.dispose()
}
