// The smaller commands: inspect, models, download, and the help that a newcomer reads first.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { spriteClasses } from '../../src/data/node/sprites.ts'
import { fixturePath } from '../fixtures.ts'
import { type HubServer, startHub } from '../hub-server.ts'
import { distilled, distilledJson, temporaryFolder } from './command-line.ts'

const temporary = temporaryFolder()

describe('inspect', () => {
  it('prints the tree of a checkpoint', async () => {
    const { code, stdout } = await distilled('inspect', fixturePath('var_tiny_dd.pth'))
    expect(code).toBe(0)
    expect(stdout).toContain('trainer.ema_parameters: looks like VAR-DD-d3')
    expect(stdout).toContain('float32 [128, 192]')
  })

  it('prints it as JSON', async () => {
    const description = await distilledJson('inspect', fixturePath('llamagen_tiny_dd.pt'))
    expect(description.stateDicts.map((s: { path: string }) => s.path)).toEqual(['ema', 'model'])
    expect(description.stateDicts[0].model.kind).toBe('llamagen-dd')
  })

  it('says what is wrong with a file', async () => {
    expect(await distilled('inspect', 'nowhere.pth')).toMatchObject({ code: 2, stdout: '' })
    const { stderr } = await distilled('inspect', fixturePath('bad_unsafe_pickle.pth'))
    expect(stderr).toContain('bad_unsafe_pickle.pth')
  })
})

describe('models', () => {
  it('lists the zoo with figures marked as published', async () => {
    const { stdout } = await distilled('models')
    expect(stdout).toMatch(/var-dd-d16 +328M .* published FID 9.94 in 1 step, 7.82 in 2 steps/)
    expect(stdout).toContain('not measured here')
    const { models } = await distilledJson('models')
    expect(models[0]).toMatchObject({ name: 'var-dd-d16', kind: 'student', teacher: 'var-d16', tokenizer: 'var-vqvae' })
  })

  it('lists classes by a part of their names, sensitive ones marked', async () => {
    const { stdout } = await distilled('models', '--classes', 'bikini')
    expect(stdout).toMatch(/^\* +445 {2}bikini, two-piece\n\n\* a sensitive name/)
    const { classes } = await distilledJson('models', '--classes')
    expect(classes).toHaveLength(1000)
    expect(classes.filter((info: { sensitive: boolean }) => info.sensitive)).toHaveLength(17)
  })

  it('lists the classes of a model in a folder', async () => {
    const exported = join(temporary, 'exported')
    await distilledJson('export', 'sprites-var-dd', '--threads', '1', '--out', exported)
    const { classes } = await distilledJson('models', '--classes', '--model', exported)
    expect(classes.map(({ name }: { name: string }) => name)).toEqual(spriteClasses)
    const nowhere = await distilled('models', '--classes', '--model', join(temporary, 'nowhere'))
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no model') })
  })
})

describe('download', () => {
  const folder = temporaryFolder()
  const student = readFileSync(fixturePath('var_tiny_dd.pth'))
  const tokenizer = readFileSync(fixturePath('var_tiny_vqvae.pth'))
  const files = {
    'microsoft/distilled_decoding/VAR-DD/var-d16.pth': student,
    'FoundationVision/var/vae_ch160v4096z32.pth': tokenizer,
    'FoundationVision/var/var_d16.pth': Buffer.from('the teacher'),
  }
  let hub: HubServer | undefined
  const start = async (behaviour: Partial<Parameters<typeof startHub>[0]> = {}) => {
    hub = await startHub({ files, ...behaviour })
    vi.stubEnv('HF_ENDPOINT', hub.endpoint)
  }
  beforeEach(() => {
    vi.stubEnv('HF_HUB_CACHE', join(folder, 'hub'))
    vi.stubEnv('HF_TOKEN', '')
    vi.stubEnv('HF_TOKEN_PATH', join(folder, 'no-token'))
    vi.stubEnv('HF_HUB_OFFLINE', '')
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await hub?.close()
    rmSync(join(folder, 'hub'), { recursive: true, force: true })
  })

  it('fetches student and tokenizer, and `models` sees them', async () => {
    await start()
    const { code, stdout, stderr } = await distilled('download', 'var-dd-d16')
    expect(code).toBe(0)
    expect(stdout).toContain('2 files of var-dd-d16 are on this machine.')
    expect(stderr).toMatch(/^connecting to 127\.0\.0\.1:\d+\n/)
    expect(stderr).toMatch(/VAR-DD\/var-d16.pth: .* of .*B, .*\/s/)
    expect((await distilled('models')).stdout).toMatch(/var-dd-d16 +328M {2}on disk/)
    expect((await distilled('models')).stdout).toMatch(/var-d16 +310M {2}- /)
  })

  it('fetches the teacher on request, silently when told so', async () => {
    await start()
    const { files: fetched } = await distilledJson('download', 'var-dd-d16', '--teacher')
    expect(fetched.map((file: { name: string }) => file.name)).toEqual(['var-dd-d16', 'var-vqvae', 'var-d16'])
    expect(readFileSync(fetched[0].path).equals(student)).toBe(true)
    expect(await distilled('download', 'var-d16', '--quiet')).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('survives a broken connection', async () => {
    await start({ cuts: [1000] })
    expect(await distilled('download', 'var-vqvae')).toMatchObject({ code: 0 })
    expect(hub!.seen.filter(({ server }) => server === 'content')).toHaveLength(2)
  })

  it('says what to do about a refusal', async () => {
    await start({ token: 'secret' })
    const { code, stderr } = await distilled('download', 'var-vqvae')
    expect(code).toBe(1)
    expect(stderr).toContain('Set HF_TOKEN')
  })

  it('and a model that is not there is named by `sample` with the command that fetches it', async () => {
    const argv = ['sample', '--model', 'var-dd-d16', '--class', '1', '--out', join(folder, 'out')]
    const { stderr } = await distilled(...argv)
    expect(stderr).toContain('Run: distilled download var-dd-d16')
  })
})

describe('help', () => {
  const commands = ['', 'sample', 'models', 'download', 'inspect', 'data preview', 'train', 'pairs', 'reproduce']
  it.each(commands)('of "%s" shows examples', async (command) => {
    const { code, stdout, stderr } = await distilled(...command.split(' ').filter(Boolean), '--help')
    expect(code).toBe(0)
    expect(stderr).toBe('')
    expect(stdout).toContain('Examples:\n  $ distilled ')
  })

  it.each([[[]], [['data']], [['review']]])('comes when no command is given: %j', async (words) => {
    const { code, stdout, stderr } = await distilled(...words)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`Usage: ${['distilled', ...words].join(' ')}`)
  })

  it.each([[['pairs']], [['sample']], [['models', 'x']]])('does not come in place of a fault: %j', async (words) => {
    expect((await distilled(...words)).code).toBe(2)
  })

  it('tells the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect((await distilled('--version')).stdout).toBe(`${version}\n`)
  })
})
