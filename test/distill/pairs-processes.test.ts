// Shards as processes of their own, as a scheduler starts them: some are killed without warning and started again, and
// the merged folder has the bytes of a single process.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { openPairs } from '../../src/distill/read-pairs.ts'
import { temporaryFolder } from '../cli/command-line.ts'
import { fixturePath } from '../fixtures.ts'

const bin = fileURLToPath(new URL('../../bin/distilled.js', import.meta.url))
const folder = temporaryFolder()
const count = 192
const chunk = 4
const schedulers = ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX', 'RANK']
const home = Object.fromEntries(Object.entries(process.env).filter(([name]) => !schedulers.includes(name)))

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [bin, 'pairs', ...args], {
    env: { ...home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null; stderr: string }> {
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code, signal] = await once(child, 'close')
  return { code, signal, stderr }
}

const make = (out: string, ...more: string[]) => [
  '--teacher',
  fixturePath('var_tiny_teacher.pth'),
  '--tokenizer',
  fixturePath('var_tiny_vqvae.pth'),
  '--out',
  out,
  '--count',
  `${count}`,
  '--chunk',
  `${chunk}`,
  '--batch',
  '4',
  '--device',
  'cpu',
  '--threads',
  '1',
  ...more,
]
const contents = (out: string) =>
  readdirSync(out)
    .sort()
    .map((name) => [name, readFileSync(join(out, name), 'latin1')])
const files = (out: string) => (existsSync(out) ? readdirSync(out).filter((name) => name.endsWith('.safetensors')) : [])

it('four shards, two of them killed and started again, make what one process makes', async () => {
  const one = join(folder, 'one')
  const many = join(folder, 'many')
  const single = ended(start(make(one)))
  const shards = [0, 1, 2, 3].map((i) => start(make(many, '--shard', `${i}/4`)))
  const outcomes = Promise.all(shards.map(ended))
  const noted = (i: number) => {
    const path = join(many, `shard-${i}-of-4.json`)
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).files.length : 0
  }
  const kill = async (i: number) => {
    await expect.poll(() => noted(i), { timeout: 30_000, interval: 5 }).toBeGreaterThan(0)
    shards[i]!.kill('SIGKILL')
  }
  await Promise.all([1, 2].map(kill))
  expect((await single).code).toBe(0)
  const first = await outcomes
  expect(first.map(({ signal }) => signal)).toEqual([null, 'SIGKILL', 'SIGKILL', null])
  expect(files(many).length).toBeLessThan(count / chunk)

  const early = await ended(start(['merge', many]))
  expect(early.code).toBe(1)
  expect(early.stderr).toMatch(
    /Of 48 files \d+ cannot be merged: pairs-0000\d\d\.safetensors \(pairs \d+ to \d+\) is in no manifest/,
  )

  const again = [1, 2].map((i) => ({ SLURM_ARRAY_TASK_ID: `${i}`, SLURM_ARRAY_TASK_COUNT: '4' }))
  const repaired = await Promise.all(again.map((env) => ended(start(make(many), env))))
  for (const { code, stderr } of repaired) {
    expect(stderr).toContain('of 4 (Slurm array)')
    expect(code).toBe(0)
  }
  expect((await ended(start(['merge', many]))).code).toBe(0)
  expect(contents(many)).toEqual(contents(one))
  expect((await openPairs(many)).count).toBe(count)

  const broken = join(many, 'pairs-000005.safetensors')
  writeFileSync(broken, 'nothing')
  const { code, stderr } = await ended(start(make(many)))
  expect(code).toBe(0)
  expect(stderr).toContain('pairs-000005.safetensors has 7 bytes where the manifest says')
  expect(contents(many)).toEqual(contents(one))
})
