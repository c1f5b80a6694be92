import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UsageError } from '../../core/errors.ts'
import { hubSettings } from './cache.ts'
import type { HubSettings } from './hub.ts'
import { resolveModel } from './resolve.ts'

let root: string
let settings: HubSettings

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'distilled-resolve-'))
  settings = hubSettings({ HF_HOME: join(root, 'hf') })
})

afterEach(() => rm(root, { recursive: true, force: true }))

async function put(...parts: string[]): Promise<string> {
  const path = join(root, ...parts)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, '')
  return path
}

const cached = (repo: string, file: string) =>
  put('hf', 'hub', `models--${repo.replace('/', '--')}`, 'snapshots', '0'.repeat(40), file)

describe('a name of the zoo', () => {
  it('finds student and tokenizer, and the teacher when it is there', async () => {
    const student = await cached('microsoft/distilled_decoding', 'VAR-DD/var-d16.pth')
    const tokenizer = await cached('FoundationVision/var', 'vae_ch160v4096z32.pth')
    const resolved = resolveModel({ model: 'var-dd-d16' }, settings)
    expect(resolved).toMatchObject({ family: 'var', student, tokenizer, entry: { name: 'var-dd-d16' } })
    expect(resolved.teacher).toBeUndefined()
    const teacher = await cached('FoundationVision/var', 'var_d16.pth')
    expect(resolveModel({ model: 'var-dd-d16' }, settings).teacher).toBe(teacher)
  })

  it('of a teacher needs no student', async () => {
    const teacher = await cached('FoundationVision/LlamaGen', 'c2i_L_256.pt')
    const tokenizer = await cached('peizesun/llamagen_c2i', 'vq_ds16_c2i.pt')
    expect(resolveModel({ model: 'llamagen-l' }, settings)).toMatchObject({ family: 'llamagen', teacher, tokenizer })
    expect(resolveModel({ model: 'llamagen-l' }, settings).student).toBeUndefined()
  })

  it('whose file is missing says how to fetch it', async () => {
    expect(() => resolveModel({ model: 'var-dd-d16' }, settings)).toThrow(
      'var-d16.pth (var-dd-d16) is not on this machine. Load it with `download: true`, or run: distilled download var-dd-d16',
    )
    await cached('microsoft/distilled_decoding', 'VAR-DD/var-d16.pth')
    expect(() => resolveModel({ model: 'var-dd-d16' }, settings)).toThrow(/run: distilled download var-vqvae$/)
    await cached('FoundationVision/var', 'vae_ch160v4096z32.pth')
    expect(() => resolveModel({ model: 'var-dd-d16', needTeacher: true }, settings)).toThrow(/download var-d16$/)
  })

  it('that is unknown suggests another', () => {
    expect(() => resolveModel({ model: 'var-dd-d17' }, settings)).toThrow(/Did you mean "var-dd-d1?6"/)
  })
})

describe('a folder', () => {
  it('is known by the released names of its files, one level down at most', async () => {
    const student = await put('mine', 'VAR-DD', 'var-d20.pth')
    const tokenizer = await put('mine', 'vae_ch160v4096z32.pth')
    const teacher = await put('mine', 'var_d20.pth')
    await put('mine', 'a', 'b', 'var-d16.pth')
    expect(resolveModel({ model: join(root, 'mine') }, settings)).toMatchObject({
      entry: { name: 'var-dd-d20' },
      family: 'var',
      student,
      teacher,
      tokenizer,
    })
  })

  it('may leave the tokenizer to the cache', async () => {
    await put('mine', 'llamagen-B.pt')
    expect(() => resolveModel({ model: join(root, 'mine') }, settings)).toThrow(
      /vq_ds16_c2i\.pt \(llamagen-vq-ds16\) is neither in .*mine nor in the Hugging Face cache\. Load it with `download: true`, or run: distilled download/,
    )
    const tokenizer = await cached('FoundationVision/LlamaGen', 'vq_ds16_c2i.pt')
    expect(resolveModel({ model: join(root, 'mine') }, settings).tokenizer).toBe(tokenizer)
  })

  it('with two students has to be told which', async () => {
    await put('mine', 'var-d16.pth')
    await put('mine', 'llamagen-L.pt')
    expect(() => resolveModel({ model: join(root, 'mine') }, settings)).toThrow(
      /holds several models: var-dd-d16, llamagen-dd-l\. Name its file with `student`/,
    )
  })

  it('without a released file says what it looked for', async () => {
    await put('mine', 'checkpoint.pth')
    expect(() => resolveModel({ model: join(root, 'mine') }, settings)).toThrow(
      /no file under its released name \(such as var-d16\.pth/,
    )
  })
})

describe('single files', () => {
  it('stand alone', async () => {
    const student = await put('a.pth')
    const tokenizer = await put('b.pth')
    expect(resolveModel({ student, tokenizer }, settings)).toEqual({ student, tokenizer, teacher: undefined })
  })

  it("win over the model's own", async () => {
    const student = await put('a.pth')
    const tokenizer = await put('b.pth')
    expect(resolveModel({ model: 'var-dd-d16', student, tokenizer }, settings)).toMatchObject({
      entry: { name: 'var-dd-d16' },
      student,
      tokenizer,
    })
  })

  it('have to exist and to be files', async () => {
    const missing = join(root, 'nothing.pth')
    expect(() => resolveModel({ student: missing }, settings)).toThrow(`\`student\` ${missing}: there is no such file.`)
    expect(() => resolveModel({ teacher: root }, settings)).toThrow(`\`teacher\` ${root} is a folder.`)
  })

  it('are no model by themselves', async () => {
    const file = await put('a.pth')
    expect(() => resolveModel({ model: file }, settings)).toThrow(/Name single files with `student`/)
    expect(() => resolveModel({ model: './nowhere/' }, settings)).toThrow(
      'The model ./nowhere/ is neither a folder nor',
    )
  })
})

it('nothing at all is a usage error that lists the students', () => {
  expect(() => resolveModel({}, settings)).toThrow(UsageError)
  expect(() => resolveModel({}, settings)).toThrow(/Give a name \(var-dd-d16, /)
})
