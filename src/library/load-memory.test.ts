// Loading and disposing again and again holds no more memory, threads or files in the end than after the first few times.
import { expect, it } from 'vitest'
import { built, runModule } from '../../test/policy/child.ts'
import { itWith, linux } from '../../test/requirements.ts'

/** Twelve of them: the first eight warm up allocators, the last four may add this much. An engine that stays holds 20 MB or more. */
const source = `
  import { readdirSync } from 'node:fs'
  import { load } from ${built('index.js')}
  const held = (folder) => { try { return readdirSync(folder).length } catch { return 0 } }
  const once = async (i) => {
    const model = await load('sprites-var-dd', { device: 'cpu', threads: 1 })
    await model.sample({ classes: [i % 12], seed: i })
    if (!process.env.LEAK) await model.dispose()
    else globalThis.models = [...(globalThis.models ?? []), model]
    gc()
    return { resident: process.memoryUsage().rss, threads: held('/proc/self/task'), files: held('/proc/self/fd') }
  }
  const all = []
  for (let i = 0; i < 12; i++) all.push(await once(i))
  const before = all[7]
  const after = all[11]
  console.log(JSON.stringify({ growth: after.resident - before.resident, threads: after.threads - before.threads, files: after.files - before.files }))
  process.exit()
`

const run = async (env: NodeJS.ProcessEnv) => {
  const { code, stdout, stderr } = await runModule(
    `import { setFlagsFromString } from 'node:v8'
    import { runInNewContext } from 'node:vm'
    setFlagsFromString('--expose-gc')
    globalThis.gc = runInNewContext('gc')
    ${source}`,
    { env, timeout: 120_000 },
  )
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as { growth: number; threads: number; files: number }
}

it('memory, threads and files stay as they are', { timeout: 120_000 }, async () => {
  const { growth, threads, files } = await run({})
  expect(growth).toBeLessThan(20e6)
  expect([threads, files]).toEqual([0, 0])
})

itWith(linux, { timeout: 120_000 })('a model that is not disposed of would be noticed', async () => {
  const { growth, threads, files } = await run({ LEAK: '1' })
  expect(growth > 20e6 || threads > 0 || files > 0).toBe(true)
})
