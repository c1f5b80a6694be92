// Puts the networks of a finished reproduction into models/, where the package finds them, in float16:
//   node scripts/embed.js runs/var
// The folder is what `distilled reproduce sprites --out runs/var` made. Settings and architecture travel in the metadata.

import { join, resolve } from 'node:path'
import { build, root } from './build.js'

build()
/** @type {typeof import('../src/distill/index.ts')} */
const { readTrained, writeTrained } = await import(String(new URL('../dist/distill/index.js', import.meta.url)))

const given = process.argv[2]
if (!given) throw new Error('Usage: node scripts/embed.js FOLDER (of `distilled reproduce`)')
const folder = resolve(given)

/** @type {Record<'var' | 'llamagen', Record<'student' | 'teacher' | 'tokenizer', string>>} */
const names = {
  var: { student: 'sprites-var-dd', teacher: 'sprites-var', tokenizer: 'sprites-var-vqvae' },
  llamagen: { student: 'sprites-llamagen-dd', teacher: 'sprites-llamagen', tokenizer: 'sprites-llamagen-vq' },
}

/** @param {'student' | 'teacher' | 'tokenizer' | 'classifier'} kind */
async function embed(kind) {
  const network = await readTrained(join(folder, kind, 'model.safetensors'), kind)
  const { family } = network.architecture
  const name = family === 'classifier' ? 'sprites-classifier' : names[family][/** @type {'student'} */ (kind)]
  const path = join(root, 'models', `${name}.safetensors`)
  await writeTrained(path, network, { dtype: 'float16' })
  console.log(path)
}

for (const kind of /** @type {const} */ (['classifier', 'tokenizer', 'teacher', 'student'])) await embed(kind)
