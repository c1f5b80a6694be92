#!/usr/bin/env node
// The `distilled` command. Installed, the built CLI lies in dist/; in a clone it is built first when the sources are
// newer. Types are checked by `npm test`, not here.
import { existsSync } from 'node:fs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`error: distilled needs Node 20.19 or newer; this is ${process.version}.\n`)
  process.exit(1)
}

const inClone = existsSync(new URL('../src', import.meta.url))
if (inClone) {
  const { build, isBuilt } = await import('../scripts/build.js')
  try {
    if (!isBuilt()) process.stderr.write('building distilled ...\n')
    build()
    if (/^(serve\b|review open)/.test(process.argv.slice(2).join(' '))) {
      const { buildWeb, isWebBuilt } = await import('../scripts/build-web.js')
      if (!isWebBuilt()) process.stderr.write('building the web app ...\n')
      await buildWeb()
    }
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  }
}
try {
  const { main } = await import(new URL('../dist/cli/main.js', import.meta.url).href)
  await main()
} catch (error) {
  // Commands are imported when they are called, so a package may be found missing only then.
  const missing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
  const [, name] = (missing && /package '([^']+)'/.exec(error.message)) || []
  if (!name) throw error
  const remedy = inClone ? 'run `npm ci --ignore-scripts` first' : 'install distilled-decoding again'
  process.stderr.write(`error: The package ${name} is not installed: ${remedy}.\n`)
  process.exit(1)
}
