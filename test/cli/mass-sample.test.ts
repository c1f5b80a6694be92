// `distilled sample --labels`, `sample merge` and `sample export` as a person or a scheduler runs them: shards are
// processes of their own, some are killed without warning, and what is left has the bytes of a single run.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { openFile } from '../../src/checkpoint/node/file-source.ts'
import { readImage, readSettings } from '../../src/images/node/read.ts'
import { distilled, distilledJson, overridden, sensitiveModel, temporaryFolder, tinyVar } from './command-line.ts'

const folder = temporaryFolder()
const contents = (out: string) =>
  readdirSync(out)
    .sort()
    .map((name) => [name, readFileSync(join(out, name), 'latin1')])

describe('shards as processes', () => {
  const bin = fileURLToPath(new URL('../../bin/distilled.js', import.meta.url))
  const schedulers = ['SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX', 'RANK']
  const home = Object.fromEntries(Object.entries(process.env).filter(([name]) => !schedulers.includes(name)))
  const start = (args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess =>
    spawn(process.execPath, [bin, 'sample', ...args], { env: { ...home, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })

  async function ended(child: ChildProcess) {
    let stderr = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const [code, signal] = await once(child, 'close')
    return { code, signal, stderr }
  }

  const make = (out: string, ...more: string[]) => [
    '--model',
    'sprites-var-dd',
    '--labels',
    'random',
    '--count',
    '71',
    '--batch',
    '4',
    '--chunk',
    '4',
    '--out',
    out,
    '--device',
    'cpu',
    '--threads',
    '1',
    ...more,
  ]

  it('three of them, two killed and started again, make what a single run makes', async () => {
    const one = join(folder, 'one')
    const many = join(folder, 'many')
    const shards = [0, 1, 2].map((i) => start(make(many, '--shard', `${i}/3`)))
    const outcomes = Promise.all(shards.map(ended))
    const noted = (i: number) => {
      const path = join(many, `shard-${i}-of-3.json`)
      return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).files.length : 0
    }
    const kill = async (i: number) => {
      await expect.poll(() => noted(i), { timeout: 60_000, interval: 5 }).toBeGreaterThan(0)
      shards[i]!.kill('SIGKILL')
    }
    await Promise.all([0, 2].map(kill))
    expect((await outcomes).map(({ signal }) => signal)).toEqual(['SIGKILL', null, 'SIGKILL'])
    expect(await distilled('sample', ...make(one))).toMatchObject({ code: 0 })

    const early = await distilled('sample', 'merge', many)
    expect(early.code).toBe(1)
    expect(early.stderr).toMatch(
      /Of 18 files \d+ cannot be merged: samples-0000\d\d\.npz \(images \d+ to \d+\) is in no/,
    )

    const again = [0, 2].map((i) => ({ JOB_COMPLETION_INDEX: `${i}`, JOB_COMPLETIONS: '3' }))
    for (const { code, stderr } of await Promise.all(again.map((env) => ended(start(make(many), env))))) {
      expect(stderr).toContain('of 3 (Kubernetes Indexed Job)')
      expect(code).toBe(0)
    }
    expect((await distilled('sample', 'merge', many)).code).toBe(0)
    expect(contents(many)).toEqual(contents(one))

    writeFileSync(join(many, 'samples-000005.npz'), 'nothing')
    const { code, stderr } = await distilled('sample', ...make(many))
    expect(code).toBe(0)
    expect(stderr).toContain('samples-000005.npz has 7 bytes where the manifest says')
    expect(contents(many)).toEqual(contents(one))
  })
})

describe('a run', () => {
  const run = join(folder, 'run')
  const started = ['sample', ...tinyVar, '--labels', 'balanced', '--count', '20', '--batch', '4', '--chunk', '8']
  const make = (out: string, ...more: string[]) => overridden([...started, '--out', out], ...more)

  it('says what it made, for a person and as JSON', async () => {
    const { code, stdout, stderr } = await distilled(...make(run))
    expect(code).toBe(0)
    expect(stdout).toMatch(/run: 20 images made in .* s, .* a second\.\n$/)
    expect(stderr).toMatch(/device: cpu, 1 thread[\s\S]*20 of 20 images, .* a second\n$/)
    expect(await distilledJson(...make(run))).toMatchObject({
      folder: run,
      count: 20,
      images: 20,
      kept: 20,
      sensitive: [],
      flagged: [],
      settings: { labels: 'balanced', classes: 10, timesteps: '0', imageSize: 64 },
      files: [{}, {}, {}],
    })
  })

  it('becomes PNG files that make themselves again', async () => {
    const out = join(folder, 'png')
    const { stdout } = await distilled('sample', 'export', run, '--out', out)
    expect(stdout).toBe(`${out}: 20 PNG files.\n`)
    const names = readdirSync(out).sort()
    expect([names.length, names[0], names[19]]).toEqual([20, '000000.png', '000019.png'])
    const image = join(out, '000013.png')
    expect(await readSettings(image)).toMatchObject({ model: 'custom', class: 3, index: 13, seed: 0, batched: true })
    expect(readFileSync(image, 'latin1')).toContain('AI-generated image')
    const liked = join(folder, 'liked')
    await distilled('sample', ...tinyVar, '--like', image, '--out', liked)
    expect((await readImage(join(liked, '000013.png'))).data).toEqual((await readImage(image)).data)
    const again = await distilled('sample', 'export', run, '--out', liked)
    expect(again.stderr).toContain('holds images of another run, such as 000013.png') // of files no settings name
    const { code, stderr } = await distilled('sample', 'export', run, '--out', liked, '--force')
    expect(code).toBe(0)
    writeFileSync(join(liked, 'cat.jpg'), '')
    const refused = await distilled('sample', 'export', run, '--out', liked)
    expect([stderr.includes('error'), refused.code]).toEqual([false, 2])
    expect(refused.stderr).toContain('holds other images, such as cat.jpg, that tools would count among the samples')
  })

  it('becomes one .npz with all of it', async () => {
    const path = join(folder, 'all.npz')
    const exported = await distilledJson('sample', 'export', run, '--out', path, '--format', 'npz')
    expect(exported).toMatchObject({ path, format: 'npz', count: 20, settings: { labels: 'balanced' } })
    const checkpoint = await openFile(path)
    const images = checkpoint.tensors().get('arr_0')!
    const labels = checkpoint.tensors().get('arr_1')!
    expect(images).toMatchObject({ dtype: 'uint8', shape: [20, 64, 64, 3] })
    expect(labels).toMatchObject({ dtype: 'int64', shape: [20] })
    const pixels = await images.read()
    const ids = Array.from(new BigInt64Array((await labels.read()).buffer), Number)
    await checkpoint.close()
    expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => i % 10))
    expect(pixels.slice(13 * 64 * 64 * 3, 14 * 64 * 64 * 3)).toEqual(
      (await readImage(join(folder, 'png', '000013.png'))).data,
    )
  })

  it('leaves nothing of its making in exports with --no-metadata', async () => {
    const png = join(folder, 'bare')
    const npz = join(folder, 'bare.npz')
    await distilled('sample', 'export', run, '--out', png, '--no-metadata')
    await distilled('sample', 'export', run, '--out', npz, '--no-metadata', '--format', 'npz')
    for (const path of [join(png, '000000.png'), npz]) {
      const bytes = readFileSync(path, 'latin1')
      expect(bytes).not.toContain('AI-generated')
      expect(bytes).not.toContain('distilled')
    }
    expect(readFileSync(join(folder, 'all.npz'), 'latin1')).toContain('AI-generated image')
  })

  it('that is damaged is not exported, and the file is named with the command that makes it again', async () => {
    const copy = join(folder, 'copy')
    expect((await distilled('sample', 'merge', run, '--out', copy)).stdout).toBe(
      `${copy}: 20 images in 3 files, complete and whole.\n`,
    )
    writeFileSync(join(copy, 'samples-000001.npz'), 'nothing')
    const { code, stderr } = await distilled('sample', 'export', copy, '--out', join(folder, 'x'))
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /samples-000001\.npz is damaged.* This makes it again and no other: distilled sample --student/,
    )
    expect(stderr).toContain('--labels balanced --seed 0 --timesteps 0 --split 2 --device cpu --batch 4 --count 20')
    rmSync(join(copy, 'manifest.json'))
    expect((await distilled('sample', 'export', copy, '--out', 'x')).stderr).toContain('there is no manifest.json')
  })

  it('of shards is exported when it is merged', async () => {
    const out = join(folder, 'half')
    await distilled(...make(out, '--shard', '0/2', '-q'))
    const { stderr } = await distilled('sample', 'export', out, '--out', 'x')
    expect(stderr).toContain(`When all are done, run: distilled sample merge ${out}`)
  })

  it.each<[string, string[], RegExp]>([
    ['no count', ['sample', ...tinyVar, '--labels', 'random'], /How many images in all\? For example --count 50000/],
    ['an uneven count', make(join(folder, 'y'), '--count', '25'), /The nearest are 20 and 30/],
    ['a class beside the labels', make('y', '--class', '1'), /--labels chooses the classes/],
    ['a grid', make('y', '--grid', '3'), /hold no grid/],
    ['a format', make('y', '--format', 'png'), /sample export --format png/],
    ['no metadata', make('y', '--no-metadata'), /Give --no-metadata to `distilled sample export`/],
    ['a strange protocol', make('y', '--labels', 'sorted'), /Allowed choices are random, balanced/],
    ['a shard of nothing', ['sample', ...tinyVar, '--class', '1', '--shard', '0/2'], /Give --labels random/],
    ['a lossy export', ['sample', 'export', run, '--out', 'y', '--format', 'jpeg'], /exported as png or npz, not jpeg/],
    ['an export to nowhere', ['sample', 'export', run], /Export to where\?/],
    ['other settings', make(run, '--seed', '4'), /made with other settings than asked for now: seed 0 and 4/],
  ])('%s is refused', async (_, argv, message) => {
    const { code, stderr } = await distilled(...argv)
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })
})

describe('a policy', () => {
  const policy = (name: string, rules: unknown) => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, name), JSON.stringify(rules))
    return ['--policy', join(folder, name)]
  }
  let model: string[]
  beforeAll(async () => {
    model = await sensitiveModel(folder)
  })
  const sample = (...more: string[]) => overridden(['sample', ...model, '--out', join(folder, 'policy')], ...more)

  it('that denies a class stops it before anything is made', async () => {
    const { code, stdout, stderr } = await distilled(
      ...sample('--class', '1,7', ...policy('deny.json', { deny: ['flower'] })),
    )
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(
      /error: policy .*deny\.json denies class 7 flower; nothing was sampled\. Ask for other classes/,
    )
    expect(readdirSync(join(folder, 'policy'))).toEqual([])
  })

  it('that denies any class stops runs over all of them', async () => {
    const flags = ['--labels', 'random', '--count', '12', ...policy('sensitive.json', { deny: ['sensitive'] })]
    const { code, stderr } = await distilled(...sample(...flags))
    expect(code).toBe(2)
    expect(stderr).toMatch(/denies class 7 flower.*not the published protocol.*sample the allowed classes alone/)
  })

  it('that flags a class marks its images for the person, in JSON and in the file', async () => {
    const flags = ['--class', '1,7', ...policy('flag.json', { flag: ['sensitive', 9] })]
    expect((await distilled(...sample(...flags))).stderr).toMatch(/note: flagged by policy .*flag\.json: 7 flower\.\n/)
    const { images } = await distilledJson(...sample(...flags, '--force'))
    expect(images).toMatchObject([
      { class: 1, sensitive: false, flagged: false },
      { class: 7, sensitive: true, flagged: true },
    ])
    expect(await readSettings(images[0].file)).not.toHaveProperty('flagged')
    expect(await readSettings(images[1].file)).toMatchObject({ flagged: true })
    const many = ['--labels', 'balanced', '--count', '12', '--out', join(folder, 'flagged-run')]
    expect((await distilled(...sample(...many, ...flags.slice(2)))).stderr).toContain(
      'note: 1 sensitive class and 2 flagged classes of',
    )
    expect(await distilledJson(...sample(...many, ...flags.slice(2)))).toMatchObject({
      sensitive: [7],
      flagged: [7, 9],
    })
  })

  it('holds for exports, too', async () => {
    const run = join(folder, 'flagged-run')
    const out = join(folder, 'exported')
    const denied = ['--policy', join(folder, 'policy-ids.json')]
    writeFileSync(denied[1]!, '{"deny": [7]}')
    expect((await distilled('sample', 'export', run, '--out', out, ...denied)).stderr).toMatch(
      /denies class 7, and .* holds/,
    )
    writeFileSync(denied[1]!, '{"flag": [7]}')
    await distilled('sample', 'export', run, '--out', out, ...denied)
    expect(await readSettings(join(out, '000007.png'))).toMatchObject({ class: 7, flagged: true })
    expect(await readSettings(join(out, '000008.png'))).not.toHaveProperty('flagged')
  })

  it('with a key or class that is none is an error', async () => {
    const wrong = await distilled(...sample('--class', '1', ...policy('wrong.json', { flags: [1] })))
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Did you mean "flag"?')])
    const gone = await distilled(...sample('--class', '1', '--policy', 'nowhere.json'))
    expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining('there is no such file')])
  })
})

describe('classes of a model', () => {
  it('are listed with --model', async () => {
    const { classes } = await distilledJson('models', '--classes', '--model', 'sprites-var-dd')
    expect(classes.map(({ name }: { name: string }) => name)).toHaveLength(12)
    expect(classes[3]).toEqual({ id: 3, name: 'boat', synonyms: [], sensitive: false })
    const { code, stderr } = await distilled('models', '--classes', 'otter', '--model', 'sprites-var-dd')
    expect([code, stderr]).toEqual([2, expect.stringContaining('No class of the sprites has "otter"')])
    expect((await distilled('models', '--model', 'sprites-var-dd')).stderr).toContain('Give --classes as well.')
  })
})
