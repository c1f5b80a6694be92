#!/usr/bin/env node
// The `distilled` command. Installed, the built CLI lies in dist/; in a clone it is built first when the sources are
// newer. Types are checked by `npm test`, not here.
import { existsSync } from 'node:fs'

const inClone = existsSync(new URL('../src', import.meta.url))
if (inClone) {
  const { build, isBuilt } = await import('../scripts/build.js')
  try {
    if (!isBuilt()) process.stderr.write('building distilled ...\n')
    build()
    if (process.argv[2] === 'serve') {
      const { buildWeb, isWebBuilt } = await import('../scripts/build-web.js')
      if (!isWebBuilt()) process.stderr.write('building the web app ...\n')
      await buildWeb()
    }
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  }
}
const { main } = await import(new URL('../dist/cli/main.js', import.meta.url).href)
await main()
