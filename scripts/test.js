// `npm test`: installs and builds what is missing, then type check, lint and every test. All three run even when one fails; the
// test runner comes last so that its summary closes the output. Arguments go to vitest: `npm test -- src/engine`.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build, root } from './build.js'
import { install } from './setup.js'

install()
build() // scripts and examples import the built package, and are type-checked against it

const tool = (/** @type {string[]} */ ...path) => join(root, 'node_modules', ...path)
const colors = process.stdout.isTTY ? [] : ['--colors=off']
const vitest = [tool('vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)]
const steps = [
  ...['tsconfig.json', join('web', 'tsconfig.json')].map((config) => ({
    name: `Type check ${config}`,
    args: [tool('typescript', 'bin', 'tsc'), '--noEmit', '-p', join(root, config)],
  })),
  { name: 'Lint', args: [tool('@biomejs', 'biome', 'bin', 'biome'), 'ci', '--error-on-warnings', ...colors] },
  { name: 'Tests', args: vitest },
]

const failed = steps.filter(({ name, args }) => {
  console.log(`${name} ...`)
  return spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0
})
if (failed.length) console.log(`Failed: ${failed.map(({ name }) => name.toLowerCase()).join(', ')}.`)
process.exitCode = failed.length ? 1 : 0
