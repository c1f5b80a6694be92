// `npm start`: installs and builds what is missing, samples a grid in one step from a model that comes with the
// repository; the command says where it is. Arguments are added to the command: `npm start -- --model sprites-llamagen-dd --seed 7`.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build, root } from './build.js'
import { install } from './setup.js'

install()
build()

const given = process.argv.slice(2)
/** One row a class; what is given takes the place. */
const defaults = [
  { names: ['--model', '-m'], value: 'sprites-var-dd' },
  { names: ['--class', '-c'], value: '0-11' },
  { names: ['--count', '-n'], value: '8' },
  { names: ['--grid'], value: '8' },
]
const left = defaults.filter(
  ({ names }) => !given.some((word) => names.some((name) => word === name || word.startsWith(`${name}=`))),
)
const added = left.flatMap(({ names, value }) => [names[0] ?? '', value])
const { status } = spawnSync(process.execPath, [join(root, 'bin', 'distilled.js'), 'sample', ...added, ...given], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = status ?? 1
