// The attacks at full size, and one table of what came of them: the table of docs/SECURITY.md.
//
//   node scripts/attack.js           everything
//   node scripts/attack.js kills     one kind: files, fuzz, crowd, requests, kills
//
// `npm test` runs a small share of the same attacks.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './build.js'

/** @type {Record<string, string[]>} */
const attacks = {
  files: ['test/hostile/hostile.test.ts', 'test/hostile/heavy.test.ts'],
  fuzz: ['test/hostile/fuzz.test.ts'],
  crowd: ['test/server/crowd.test.ts'],
  requests: ['test/attack/requests.test.ts'],
  kills: ['test/attack/kills.test.ts'],
}
const kinds = process.argv.slice(2)
const unknown = kinds.find((kind) => !(kind in attacks))
if (unknown !== undefined) {
  console.error(`There is no attack "${unknown}": ${Object.keys(attacks).join(', ')}.`)
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'attack-'))
const rowsFile = join(folder, 'rows.jsonl')
const targets = (kinds.length ? kinds : Object.keys(attacks)).flatMap((kind) => attacks[kind] ?? [])

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
