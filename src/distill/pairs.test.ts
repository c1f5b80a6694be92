import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sharedEngine } from '../../test/evaluate.ts'
import { openFile } from '../checkpoint/node/file-source.ts'
import { writeSafetensors } from '../checkpoint/safetensors.ts'
import { noise } from '../core/random/philox.ts'
import { constant } from '../graph/index.ts'
import { type Manifest, sha256 } from '../jobs/node/manifest.ts'
import type { Family } from '../sampling/family.ts'
import { defaultTeacher, type TeacherSettings } from '../sampling/plan.ts'
import { programCache } from '../sampling/programs.ts'
import { makePairs, mergePairs, type PairsProgress, type PairsRequest } from './pairs.ts'
import { openPairs } from './read-pairs.ts'

const V = 5
const C = 4

/** A teacher of three groups of one token. */
const toy = (entries = V): Family => ({
  name: 'var',
  groups: [1, 1, 1],
  channels: C,
  numClasses: 3,
  imageSize: 8,
  quantized: false,
  codebook: () => constant(noise(1, 0, entries * C), [entries, C]),
  decoder: () => ({}),
  teacher: (_, { labels }) => ({
    vocabSize: entries,
    begin: async () => Float32Array.from(labels.flatMap((label) => [...noise(2, label, entries)])),
    advance: async (indices) => Float32Array.from([...indices].flatMap((q) => [...noise(3, q, entries)])),
    dispose() {},
  }),
})

const teacher: TeacherSettings = {
  ...defaultTeacher,
  cfg: 0,
  topP: 0,
}
const origin = { teacher: 't.pth', teacherSha256: 'a', tokenizer: 'v.pth', tokenizerSha256: 'b', device: 'cpu' }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distilled-pairs-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function make(request: Partial<PairsRequest> = {}, family = toy()) {
  const programs = programCache(await sharedEngine())
  const given = { folder, count: 50, seed: 7, teacher, origin: { ...origin, madeBy: 'a test' }, chunk: 8, ...request }
  return makePairs(family, programs, given).finally(() => programs.close())
}
function change(by: (manifest: Manifest) => void): void {
  const path = join(folder, 'manifest.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8'))
  by(manifest)
  writeFileSync(path, JSON.stringify(manifest))
}
const bytes = (name: string, where = folder) => readFileSync(join(where, name))

describe('pairs', () => {
  it('come back with class, tokens and noise', async () => {
    await make()
    const pairs = await openPairs(folder)
    expect(pairs).toMatchObject({ count: 50, length: 3, channels: C, entries: V, classes: 3, seed: 7 })
    expect(pairs.settings).toMatchObject({ solver: 'dpm', odeSteps: 32, teacherSha256: 'a' })
    for (const i of [0, 7, 8, 49]) {
      expect(pairs.get(i).label).toBe(i % 3)
      expect(pairs.noise(i)).toEqual(noise(7, i, 3 * C))
      expect(pairs.get(i).tokens).toHaveLength(3)
    }
    const used = new Set(Array.from({ length: 50 }, (_, i) => [...pairs.get(i).tokens]).flat())
    expect([...used].sort()).toEqual([0, 1, 2, 3, 4])
    expect(() => pairs.get(50)).toThrow('has pairs 0 to 49, got index 50')
  })

  it('do not depend on batch, file size or shard', async () => {
    await make()
    const pairs = await openPairs(folder)
    const others = [{ batch: 1 }, { batch: 3 }, { chunk: 50 }]
    for (const [i, other] of others.entries()) {
      await make({ ...other, folder: join(folder, `${i}`) })
      const again = await openPairs(join(folder, `${i}`))
      for (let n = 0; n < 50; n++) expect(again.get(n)).toEqual(pairs.get(n))
    }
    const parts = [0, 1, 2].map((index) => ({ folder: join(folder, `part${index}`), shard: { index, count: 3 } }))
    for (const part of parts) await make(part)
    await mergePairs(parts.map((part) => part.folder))
    for (const name of ['manifest.json', 'pairs-000000.safetensors', 'pairs-000006.safetensors'])
      expect(bytes(name, parts[0]!.folder)).toEqual(bytes(name))
  })

  it('of another seed are others', async () => {
    await make()
    await make({ seed: 8, folder: join(folder, 'other') })
    const a = await openPairs(folder)
    const b = await openPairs(join(folder, 'other'))
    const same = Array.from({ length: 50 }, (_, i) => `${a.get(i).tokens}` === `${b.get(i).tokens}`)
    expect(same.filter(Boolean).length).toBeLessThan(15)
  })

  it('of a large codebook are int32, of a small one int16', async () => {
    const large = 2 ** 15 + 1
    await make({ count: 4, flow: { solver: 'euler', steps: 2 } }, toy(large))
    const { tokens } = (await openPairs(folder)).get(3)
    expect(tokens.every((token) => token >= 0 && token < large)).toBe(true)
    expect(bytes('pairs-000000.safetensors').toString('latin1')).toContain('"dtype":"I32","shape":[4,3]')
    await make({ folder: join(folder, 'small') })
    expect(bytes('pairs-000000.safetensors', join(folder, 'small')).toString('latin1')).toContain('"dtype":"I16"')
  })
})

describe('stopping and damage', () => {
  it('a stopped run continues, and says how far it is', async () => {
    const stop = new AbortController()
    const onProgress = ({ done }: PairsProgress) => done >= 16 && stop.abort(new Error('enough'))
    await expect(make({ onProgress, batch: 4, signal: stop.signal })).rejects.toThrow('enough')
    await expect(openPairs(folder)).rejects.toThrow(`distilled pairs merge ${folder}`)
    const seen: PairsProgress[] = []
    await make({ onProgress: (event) => seen.push(event) })
    expect(seen[0]).toMatchObject({ done: 8, kept: 8, total: 50 })
    expect(seen.at(-1)).toMatchObject({ done: 50, total: 50, fraction: 1, secondsLeft: 0 })
    expect(seen.every(({ fraction }, i) => i === 0 || fraction >= seen[i - 1]!.fraction)).toBe(true)
  })

  it('a damaged file is named with the command that makes it again, which makes no other', async () => {
    await make()
    const whole = bytes('pairs-000002.safetensors')
    const path = join(folder, 'pairs-000002.safetensors')
    const command = `distilled pairs --teacher t.pth --tokenizer v.pth --out ${folder} --count 50 --seed 7`
    writeFileSync(
      path,
      whole.map((byte, i) => (i === whole.length - 1 ? byte ^ 1 : byte)),
    )
    await expect(openPairs(folder)).rejects.toThrow(`${path} is damaged: it is not what the manifest lists. This makes`)
    await expect(openPairs(folder)).rejects.toThrow(command)
    truncateSync(path, 20)
    await expect(openPairs(folder)).rejects.toThrow(`${path} is damaged`)
    rmSync(path)
    await expect(openPairs(folder)).rejects.toThrow(`${path} is missing`)
    const seen: PairsProgress[] = []
    await make({ onProgress: (event) => seen.push(event) })
    expect(seen.at(-1)!.kept).toBe(42)
    expect(bytes('pairs-000002.safetensors')).toEqual(whole)
    expect((await openPairs(folder)).count).toBe(50)
  })

  it.each([
    ['tokens', 5, 'has 5 in row 3, token 1; the codebook has entries 0 to 4'],
    ['tokens', -1, 'has -1 in row 3, token 1; the codebook has entries 0 to 4'],
    ['label', 3, 'has label 3 in row 3; there are classes 0 to 2'],
  ] as const)('%s out of range (%i) are refused with file and row', async (name, value, words) => {
    await make()
    const path = join(folder, 'pairs-000002.safetensors')
    const checkpoint = await openFile(path)
    const changed = await Promise.all(
      Array.from(checkpoint.tensors().values(), async (ref) => {
        const data = (await ref.read()).slice()
        if (ref.name === name)
          new DataView(data.buffer)[name === 'label' ? 'setInt32' : 'setInt16'](name === 'label' ? 12 : 20, value, true)
        return { name: ref.name, dtype: ref.dtype, shape: ref.shape, data }
      }),
    )
    await checkpoint.close()
    const file = Buffer.concat(writeSafetensors(changed as Parameters<typeof writeSafetensors>[0], {}))
    writeFileSync(path, file)
    change((manifest) => Object.assign(manifest.files[2]!, { bytes: file.length, sha256: sha256(file) }))
    await expect(openPairs(folder)).rejects.toThrow(`${path} ${words}. This makes it again`)
  })

  it.each([
    ['length', 1e9],
    ['channels', '4'],
    ['entries', -5],
    ['classes', 1e12],
  ])('a manifest whose %s is %s is refused by its key', async (key, value) => {
    await make()
    change((manifest) => Object.assign(manifest.settings, { [key]: value }))
    await expect(openPairs(folder)).rejects.toThrow(new RegExp(`manifest.json.*settings\\.${key}`))
  })

  it('says what is wrong with a request', async () => {
    await make()
    await expect(make({ flow: { solver: 'heun', steps: 32 } })).rejects.toThrow('solver dpm and heun')
    await expect(make({ origin: { ...origin, madeBy: '', teacherSha256: 'c' } })).rejects.toThrow(
      'teacherSha256 a and c',
    )
    await expect(make({ count: 0 })).rejects.toThrow('The count must be above 0')
    await expect(openPairs(join(folder, 'nowhere'))).rejects.toThrow('holds no pairs: there is no manifest.json')
  })
})
