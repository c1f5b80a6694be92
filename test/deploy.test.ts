// The files for schedulers say what the commands understand, and agree with themselves.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { distilled } from './cli/command-line.ts'

const read = (name: string) => readFileSync(new URL(`../deploy/${name}`, import.meta.url), 'utf8')
const first = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1])

describe.each([
  ['pairs', 'pairs'],
  ['samples', 'sample'],
  ['features', 'features'],
])('deploy/%s', (job, command) => {
  it.each([`kubernetes-${job}.yaml`, `${job}.sbatch`])(
    `%s gives flags that \`distilled ${command}\` has`,
    async (name) => {
      const { stdout } = await distilled(command, '--help')
      const given = [...read(name).matchAll(/^ +(?:- )?(--[a-z-]+)/gm)].map(([, flag]) => flag!)
      expect(given.length).toBeGreaterThan(3)
      expect(given.filter((flag) => !stdout.includes(`${flag} <`))).toEqual([])
    },
  )

  it('the Kubernetes job tells its pods how many they are', () => {
    const text = read(`kubernetes-${job}.yaml`)
    expect(first(text, /JOB_COMPLETIONS\s+value: "(\d+)"/)).toBe(first(text, /^ {2}completions: (\d+)/m))
  })

  it('the Slurm array has as many tasks as shards, and is a shell script', () => {
    const text = read(`${job}.sbatch`)
    expect(first(text, /^SHARDS=(\d+)/m)).toBe(first(text, /--array=0-(\d+)/) + 1)
    const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})
