// Long jobs killed without warning at random moments, and started again until they are done. Whatever the moment, the
// finished folder has the bytes of a run that nobody disturbed, and nothing else lies in it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../cli/command-line.ts'
import { fixturePath } from '../fixtures.ts'
import { root } from '../policy/child.ts'
import { record, scaled } from './record.ts'

const folder = temporaryFolder()
const bin = join(root, 'bin', 'distilled.js')
const quick = ['--device', 'cpu', '--threads', '1']
const teacher = ['--teacher', fixturePath('var_tiny_teacher.pth'), '--tokenizer', fixturePath('var_tiny_vqvae.pth')]

/** Each job with the files that may differ between two runs: they hold times. */
const jobs: [name: string, args: string[], timed: RegExp][] = [
  ['sample', ['--model', 'sprites-var-dd', '--labels', 'random', '--count', '1200', '--chunk', '80', ...quick], /^$/],
  ['pairs', [...teacher, '--count', '800', '--chunk', '8', '--batch', '4', ...quick], /^$/],
  [
    'train classifier',
    ['--data', 'sprites', '--steps', '60', '--checkpoint-every', '5', '--batch', '32', ...quick],
    /^(log\.jsonl|report\.html|.*\.png)$/,
  ],
]

function start(name: string, args: readonly string[], out: string) {
  const child = spawn(process.execPath, [bin, ...name.split(' '), ...args, '--out', out], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }))
  return { child, ended }
}

/** Every file below a folder with its bytes. */
function contents(path: string, timed: RegExp): Record<string, string> {
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()
  const whole = files.filter((name) => statSync(join(path, name)).isFile())
  return Object.fromEntries(
    whole.map((name) => [
      relative(path, join(path, name)),
      timed.test(name) ? 'timed' : readFileSync(join(path, name), 'latin1'),
    ]),
  )
}

it.each(jobs)(
  '%s ends with the same bytes after any number of kills',
  async (name, args, timed) => {
    const undisturbed = join(folder, `${name}-once`)
    const started = performance.now()
    const first = await start(name, args, undisturbed).ended
    expect(first, first.stderr).toMatchObject({ code: 0 })
    const whole = performance.now() - started

    const kills = scaled(34)
    let done = 0
    let run = 0
    while (done < kills) {
      run++
      const out = join(folder, `${name}-${run}`)
      for (let ended = false; !ended && done < kills; ) {
        const { child, ended: outcome } = start(name, args, out)
        const timer = setTimeout(() => child.kill('SIGKILL'), Math.random() * whole)
        const { code, signal, stderr } = await outcome
        clearTimeout(timer)
        if (signal === 'SIGKILL') done++
        else expect(code, stderr).toBe(0)
        ended = code === 0
      }
      const last = await start(name, args, out).ended
      expect(last, last.stderr).toMatchObject({ code: 0 })
      expect(contents(out, timed)).toEqual(contents(undisturbed, timed))
    }
    record({
      attack: `distilled ${name} killed (SIGKILL) at a random moment and started again`,
      count: done,
      result: 'every folder ends with the bytes of an undisturbed run',
    })
  },
  1_800_000,
)
