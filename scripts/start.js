// `npm start`: installs and builds what is missing, samples a grid from the model that comes with the repository, and
// says where it is. Arguments are added to the command: `npm start -- --seed 7`.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build, root } from './build.js'
import { install } from './setup.js'

const MODEL = 'untrained-var-dd'
const OUT = join(root, 'samples')

install()
build()

const sample = ['sample', '--model', MODEL, '--class', '3', '--count', '8', '--out', OUT]
const { status } = spawnSync(
  process.execPath,
  [join(root, 'bin', 'distilled.js'), ...sample, ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
  },
)
const grid = join(OUT, 'grid.png')
if (status === 0 && existsSync(grid)) {
  const warning = MODEL.startsWith('untrained') ? ' The model is untrained: its pictures are coloured noise.' : ''
  console.log(`The grid is ${relative(process.cwd(), grid)}.${warning}`)
}
process.exitCode = status ?? 1
