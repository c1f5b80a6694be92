// The attacks of test/attack at full size, and one table of what came of them: the table of docs/SECURITY.md.
//
//   node scripts/attack.js           everything, about an hour on two cores
//   node scripts/attack.js kills     one kind
//
// `npm test` runs a small share of the same attacks.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './build.js'

const kinds = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'attack-'))
const rowsFile = join(folder, 'rows.jsonl')
const targets = kinds.length ? kinds.map((kind) => `test/attack/${kind}.test.ts`) : ['test/attack']

const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...targets, '--maxWorkers=1', '--testTimeout=7200000'],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ATTACK_SCALE: '1', ATTACK_ROWS: rowsFile },
  },
)

/** @type {{ attack: string, count: number, result: string }[]} */
const rows = existsSync(rowsFile)
  ? readFileSync(rowsFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : []
rmSync(folder, { recursive: true })
const date = new Date().toISOString().slice(0, 10)
console.log(`\n${date}, ${cpus().length} cores of ${cpus()[0]?.model.trim()}, Node ${process.versions.node}\n`)
console.log('| attack | attempts | outcome |\n|---|---|---|')
for (const { attack, count, result } of rows) console.log(`| ${attack} | ${count.toLocaleString('en')} | ${result} |`)
process.exitCode = status ?? 1
