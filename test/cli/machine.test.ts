// doctor, clean and completion: what the machine has, what is kept on it, what its shell knows.
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { models } from '../../src/zoo/registry.ts'
import { dead } from '../dead-owner.ts'
import { startHub } from '../hub-server.ts'
import { distilled, distilledJson, temporaryFolder } from './command-line.ts'

const folder = temporaryFolder()
const bin = fileURLToPath(new URL('../../bin/distilled.js', import.meta.url))
afterEach(() => vi.unstubAllEnvs())

describe('doctor', () => {
  it('tells what works, and keeps secrets', async () => {
    const hub = await startHub({ files: {} })
    vi.stubEnv('HF_ENDPOINT', hub.endpoint)
    vi.stubEnv('HF_TOKEN', 'hf_secret')
    vi.stubEnv('HF_HUB_OFFLINE', '')
    vi.stubEnv('HTTPS_PROXY', 'http://someone:password@proxy.example:3128')
    vi.stubEnv('DISTILLED_CACHE', join(homedir(), 'no-such-cache'))
    const facts = await distilledJson('doctor')
    expect(facts.node.version).toBe(process.versions.node)
    expect(facts.runtime.devices).toContainEqual({ name: 'cpu', works: true, reason: null, how: null })
    const coreml = facts.runtime.devices.find(({ name }: { name: string }) => name === 'coreml')
    if (process.platform !== 'darwin') expect(coreml).toMatchObject({ works: false, how: 'macOS' })
    expect(facts.models.map(({ name, ok }: { name: string; ok: boolean }) => [name, ok])).toEqual([
      ['sprites-var-dd', true],
      ['sprites-llamagen-dd', true],
    ])
    expect(facts.hub).toMatchObject({ reachable: true, token: 'set', answer: expect.stringMatching(/^HTTP \d+ after/) })
    expect(facts.folders[1].folder).toBe('~/no-such-cache')
    const text = JSON.stringify(facts)
    expect(text).not.toMatch(/hf_secret|password|someone/)
    expect(text).not.toContain(homedir())
    await hub.close()
  })

  it('writes nothing to standard error, whatever the drivers of this machine write there', () => {
    const env = { ...process.env, HF_HUB_OFFLINE: '1' }
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'doctor'], { env, encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    for (const name of ['cuda', 'webgpu', 'coreml', 'dml']) expect(stdout).toMatch(new RegExp(`\\n {2}${name} +\\S`))
    expect(stdout).not.toContain('..\n')
  })

  it('is a table for people, and says when the hub does not answer', async () => {
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9')
    vi.stubEnv('HF_HUB_OFFLINE', '')
    const { code, stdout } = await distilled('doctor')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^distilled-decoding +\d+\.\d+\.\d+\nNode +\d/)
    expect(stdout).toMatch(/\n {2}cpu +works\n/)
    expect(stdout).toMatch(/\nhub +http:\/\/127\.0\.0\.1:9: \S.*; token/)
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    expect((await distilledJson('doctor')).hub).toMatchObject({ offline: true, reachable: null })
  })
})

describe('clean', () => {
  const [cache, bench, hub, mine] = ['cache', 'bench', 'hub', 'mine'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ]
  const derived = `${'0af1'.repeat(8)}.bin`
  const left = `.image.png.${dead}.tmp`

  it('shows what is kept, removes it on request, and nothing else', async () => {
    for (const one of [cache, bench, hub, mine]) mkdirSync(one)
    writeFileSync(join(cache, derived), 'x'.repeat(600))
    writeFileSync(join(cache, `${derived}.${randomUUID()}.tmp`), 'x'.repeat(400)) // as earlier versions called it
    writeFileSync(join(cache, 'notes.txt'), 'mine')
    writeFileSync(join(bench, 'var-dd-d16.bin'), 'x'.repeat(500))
    writeFileSync(join(bench, 'pytorch_model.bin'), 'mine')
    writeFileSync(join(hub, 'blob'), 'theirs')
    writeFileSync(join(mine, left), 'half')
    writeFileSync(join(mine, 'image.png'), 'mine')
    vi.stubEnv('DISTILLED_CACHE', cache)
    vi.stubEnv('DISTILLED_BENCH', bench)
    vi.stubEnv('HF_HUB_CACHE', hub)
    const shown = await distilled('clean', mine)
    expect(shown.stdout).toContain(`derived weights: 2 files, 1.0 kB in ${cache}`)
    expect(shown.stdout).toContain(`left by a dead process: ${join(mine, left)}`)
    expect(shown.stdout).toContain('1.5 kB in all. Nothing was removed; --yes does it.')
    expect(existsSync(join(cache, derived))).toBe(true)
    expect(await distilledJson('clean', mine, '--yes')).toMatchObject({ removed: true, bytes: 1500 })
    const rest = [cache, bench, hub, mine].map((one) => readdirSync(one))
    expect(rest).toEqual([['notes.txt'], ['pytorch_model.bin'], ['blob'], ['image.png']])
  })

  it('names a folder that is not there', async () => {
    expect(await distilled('clean', join(folder, 'nowhere'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no such folder'),
    })
  })
})

describe('completion', () => {
  const complete = (...words: string[]) => {
    const { stdout, status } = spawnSync(process.execPath, [bin, 'complete', '--', ...words], { encoding: 'utf8' })
    expect(status).toBe(0)
    const lines = stdout.trim().split('\n')
    return { found: lines.slice(0, -1).map((line) => line.split('\t')[0]), files: lines.at(-1) === ':0' }
  }

  it('knows commands, options, choices and models, and leaves files to the shell', () => {
    expect(complete('sam').found).toEqual(['sample'])
    expect(complete('review', '').found).toEqual(expect.arrayContaining(['run', 'open', 'report']))
    expect(complete('sample', '--de').found).toEqual(['--device'])
    expect(complete('sample', '--device', 'c').found).toEqual(['cpu', 'cuda', 'coreml'])
    const names = models.filter(({ kind }) => kind !== 'tokenizer').map(({ name }) => name)
    expect(complete('sample', '--model', '').found).toEqual(names)
    expect(complete('download', 'sprites-var-v').found).toEqual(['sprites-var-vqvae'])
    expect(complete('inspect', '')).toEqual({ found: [], files: true })
    expect(complete('sample', '--student', '')).toEqual({ found: [], files: true })
  })

  it('names the shells that there are', () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [bin, 'completion'], { encoding: 'utf8' })
    expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
    expect(stderr).toContain('There are bash, zsh, fish. For example: distilled completion bash')
  })

  it.each(['bash', 'zsh', 'fish'])('prints a script for %s', (shell) => {
    const { stdout, status } = spawnSync(process.execPath, [bin, 'completion', shell], { encoding: 'utf8' })
    expect([status, stdout]).toEqual([0, expect.stringContaining('distilled complete -- ')])
    if (shell !== 'bash' || process.platform === 'win32') return
    expect(spawnSync('bash', ['-n'], { input: stdout, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
  })
})
