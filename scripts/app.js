// `npm run app`: installs and builds what is missing, then serves the web app with the embedded models. Arguments go to
// `distilled serve`: `npm run app -- --port 8000`.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build, root } from './build.js'
import { install } from './setup.js'

install()
build()

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {}) // the server ends first
const serve = [join(root, 'bin', 'distilled.js'), 'serve', ...process.argv.slice(2)]
process.exitCode = spawnSync(process.execPath, serve, { stdio: 'inherit' }).status ?? 1
