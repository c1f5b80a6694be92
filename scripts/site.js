// `node scripts/site.js OUT`: the web app as plain files for any server of files, with the embedded models and ONNX Runtime beside
// it, so that the page's own engine makes the pictures. The folder must be new, or empty.

import { cpSync, existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { build, root } from './build.js'
import { buildWeb } from './build-web.js'

const [out] = process.argv.slice(2)
if (!out || (existsSync(out) && readdirSync(out).length)) {
  console.error(out ? `error: ${out} is not empty.` : 'usage: node scripts/site.js OUT')
  process.exit(2)
}
build()
await buildWeb()

const { webApp } = await import(new URL('../dist/server/web-app.js', import.meta.url).href)
const mounts = webApp()
if (mounts.length < 3) {
  console.error('error: Vite or onnxruntime-web is not installed: run `npm ci --ignore-scripts` first.')
  process.exit(1)
}
for (const { at, folder, pick } of mounts) {
  const target = join(resolve(out), at)
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const isWanted = statSync(join(folder, name)).isFile() && (!pick || pick(name.replaceAll(sep, '/')))
    if (isWanted) cpSync(join(folder, name), join(target, name))
  }
}
console.log(`The site is ${resolve(root, out)}: any server of files will do.`)
