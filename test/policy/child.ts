// Runs a piece of JavaScript in a fresh Node process against the built package: for what only shows at process level,
// such as exit codes, stderr, stray files and connections. vitest's global setup has built dist/ before.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

export interface ChildResult {
  code: number | null
  stdout: string
  stderr: string
  ms: number
}

/** `import` specifier of a built module, e.g. `built('engine/node/engine.js')`. */
export const built = (path: string): string => JSON.stringify(new URL(`../../dist/${path}`, import.meta.url).href)

/** Runs a program to its end; it is killed (code null) after `timeout` ms. */
export function runProgram(
  command: string,
  args: readonly string[],
  { env = {}, cwd = root, timeout = 30_000 }: { env?: NodeJS.ProcessEnv; cwd?: string; timeout?: number } = {},
): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data) => {
      stdout += data
    })
    child.stderr.on('data', (data) => {
      stderr += data
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr, ms: performance.now() - started }))
  })
}

/** Runs an ES module given as text. */
export function runModule(source: string, options: Parameters<typeof runProgram>[2] = {}): Promise<ChildResult> {
  return runProgram(process.execPath, ['--input-type=module', '-e', source], options)
}
