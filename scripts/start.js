// `npm start`: installs and builds what is missing, samples a grid in one step from a model that comes with the
// repository, and says where it is. Arguments are added to the command: `npm start -- --model sprites-llamagen-dd --seed 7`.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build, root } from './build.js'
import { install } from './setup.js'

const OUT = join(root, 'samples')

install()
build()

// One row a class.
const sample = ['sample', '--model', 'sprites-var-dd', '--class', '0-11', '--count', '8', '--grid', '8', '--out', OUT]
const { status } = spawnSync(
  process.execPath,
  [join(root, 'bin', 'distilled.js'), ...sample, ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
)
const grid = join(OUT, 'grid.png')
if (status === 0 && existsSync(grid)) console.log(`The grid is ${relative(process.cwd(), grid)}.`)
process.exitCode = status ?? 1
