// Types for CommonJS: `require` loads the package's modules as they are (Node 20.19), but TypeScript's "node16" takes no module's
// types into a CommonJS file. So every entry that Node loads gets an index.d.cts beside its index.d.ts, which names each export.
//   node scripts/cjs-types.js DIST

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

const dist = process.argv[2]
if (!dist) throw new Error('Usage: node scripts/cjs-types.js DIST')

const folders = ['', 'library/evaluation', 'distill']
const bundle = await rolldown({
  input: Object.fromEntries(folders.map((folder) => [folder || 'main', join(dist, folder, 'index.js')])),
  external: /^(?![./])/,
  platform: 'node',
  preserveEntrySignatures: 'strict',
})
const { output } = await bundle.generate()
await bundle.close()

const module = "import('./index.js', { with: { 'resolution-mode': 'import' } })"
for (const folder of folders) {
  const entry = output.find((chunk) => chunk.type === 'chunk' && chunk.isEntry && chunk.name === (folder || 'main'))
  if (entry?.type !== 'chunk') throw new Error(`No entry ${folder}`)
  const lines = entry.exports.flatMap((name) => [
    `export declare const ${name}: typeof ${module}.${name}`,
    ...(/^[A-Z][a-z]/.test(name) ? [`export type ${name} = ${module}.${name}`] : []), // a class is a type as well
  ])
  const types = "export type * from './index.js' with { 'resolution-mode': 'import' }"
  writeFileSync(join(dist, folder, 'index.d.cts'), `${[types, ...lines].join('\n')}\n`)
}
