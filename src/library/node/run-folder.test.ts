import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { UsageError } from '../../core/errors.ts'
import { load } from './load.ts'
import { filesOfFolders, trainedFiles } from './run-folder.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'distilled-runs-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const embedded = (name: string) => fileURLToPath(new URL(`../../../models/${name}.safetensors`, import.meta.url))
const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

function put(name: string, ...place: string[]): string {
  const path = join(root, ...place, 'model.safetensors')
  mkdirSync(dirname(path), { recursive: true })
  cpSync(embedded(name), path)
  return path
}

/** The student in a folder, which says that it was trained with these files. */
function putStudent(teacher: string, tokenizer: string, ...place: string[]): string {
  const bytes = readFileSync(embedded('sprites-var-dd'))
  const end = 8 + Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.subarray(8, end).toString())
  const run = JSON.parse(header.__metadata__['distilled.run'])
  run.pairs = { ...run.pairs, teacherSha256: sha256(teacher), tokenizerSha256: sha256(tokenizer) }
  header.__metadata__['distilled.run'] = JSON.stringify(run)
  const text = Buffer.from(JSON.stringify(header))
  const padded = Buffer.concat([text, Buffer.alloc(-text.length & 7, ' ')])
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  const path = join(root, ...place, 'model.safetensors')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, Buffer.concat([length, padded, bytes.subarray(end)]))
  return path
}

it('a reproduction is a model: its student, teacher and tokenizer', async () => {
  const teacher = put('sprites-var', 'all', 'teacher')
  const tokenizer = put('sprites-var-vqvae', 'all', 'tokenizer')
  put('sprites-classifier', 'all', 'classifier')
  const student = putStudent(teacher, tokenizer, 'all', 'student')
  expect(await trainedFiles(join(root, 'all'), {})).toEqual({ student, teacher, tokenizer })
  const model = await load(join(root, 'all'), { threads: 1 })
  const { images } = await model.sample({ classes: ['boat', 'cat'], steps: 2, seed: 1 })
  await model.dispose()
  const original = await load('sprites-var-dd', { threads: 1 })
  const { images: expected } = await original.sample({ classes: ['boat', 'cat'], steps: 2, seed: 1 })
  await original.dispose()
  expect(images.map(({ data }) => data)).toEqual(expected.map(({ data }) => data))
})

it('a run finds what it was trained with in the runs beside it, by hash', async () => {
  const teacher = put('sprites-var', 'teacher')
  const tokenizer = put('sprites-var-vqvae', 'tokenizer')
  put('sprites-llamagen-vq', 'another')
  const student = putStudent(teacher, tokenizer, 'student')
  expect(await trainedFiles(join(root, 'student'), {})).toEqual({ student, teacher, tokenizer })
  const own = embedded('sprites-var-vqvae')
  expect(await trainedFiles(join(root, 'student'), { tokenizer: own })).toEqual({ student, teacher, tokenizer: own })
})

it('a run that was made longer is found by the hash of its earlier weights, too', async () => {
  const teacher = put('sprites-var', 'teacher')
  const tokenizer = put('sprites-var-vqvae', 'tokenizer')
  const student = putStudent(teacher, tokenizer, 'student')
  const earlier = join(dirname(teacher), 'model-200.safetensors')
  cpSync(teacher, earlier)
  cpSync(embedded('sprites-llamagen'), teacher) // the present weights are others
  expect(await trainedFiles(join(root, 'student'), {}, true)).toEqual({ student, teacher: earlier, tokenizer })
  expect((await trainedFiles(join(root, 'teacher'), { tokenizer }))?.teacher).toBe(teacher)
})

it('another tokenizer than the one of the training is not taken', async () => {
  const teacher = put('sprites-var', 'teacher')
  const tokenizer = put('sprites-var-vqvae', 'tokenizer')
  putStudent(teacher, tokenizer, 'student')
  put('sprites-llamagen-vq', 'tokenizer')
  const found = trainedFiles(join(root, 'student'), {})
  await expect(found).rejects.toThrow(UsageError)
  await expect(found).rejects.toThrow(
    /student.model\.safetensors needs its tokenizer, and of \.\..tokenizer.model\.safetensors \(tokenizer\) none is the tokenizer it was trained with, by its SHA-256\. Name its file with `tokenizer`/,
  )
})

it('a folder that is not one model says what is there', async () => {
  put('sprites-var-vqvae', 'a', 'tokenizer')
  await expect(load(join(root, 'a'))).rejects.toThrow(
    /holds neither a student nor a teacher, but tokenizer.model\.safetensors \(tokenizer\)/,
  )
  put('sprites-var-dd', 'a', 'one')
  put('sprites-llamagen-dd', 'a', 'two')
  await expect(load(join(root, 'a'))).rejects.toThrow(
    /holds several students: one.model\.safetensors \(student\), two.model\.safetensors \(student\)\. Name the folder of one/,
  )
  put('sprites-var', 'alone', 'teacher')
  await expect(load(join(root, 'alone'))).rejects.toThrow(
    /holds teacher.model\.safetensors \(teacher\) and no tokenizer/,
  )
})

it('a folder of other files is none of ours', async () => {
  mkdirSync(join(root, 'empty'))
  expect(await trainedFiles(join(root, 'empty'), {})).toBeUndefined()
  await expect(load(join(root, 'empty'))).rejects.toThrow(/holds no file under its released name/)
})

it('a role may be named by the folder of its run', async () => {
  const teacher = put('sprites-var', 'teacher')
  const tokenizer = put('sprites-var-vqvae', 'tokenizer')
  put('sprites-llamagen-vq', 'another')
  const student = putStudent(teacher, tokenizer, 'student')
  const folder = (name: string) => join(root, name)
  expect(await filesOfFolders({ student: folder('student') })).toEqual({ student, teacher, tokenizer })
  expect(await filesOfFolders({ student: folder('student'), tokenizer: folder('another') })).toEqual({
    student,
    tokenizer: join(root, 'another', 'model.safetensors'),
  })
  expect(await filesOfFolders({ teacher: folder('teacher'), tokenizer })).toEqual({ teacher, tokenizer })
  expect(await filesOfFolders({ student, tokenizer })).toEqual({ student, tokenizer })
  await using model = await load({ student: folder('student'), name: 'mine', threads: 1 })
  const { images } = await model.sample({ classes: ['boat'] })
  expect(images[0]!.settings).toMatchObject({ model: 'mine', className: 'boat' })
})

it('a folder without the role, or with several of it, says so', async () => {
  put('sprites-var-vqvae', 'a', 'tokenizer')
  await expect(filesOfFolders({ teacher: join(root, 'a') })).rejects.toThrow(
    /`teacher` .*a is a folder without a teacher\. Name the file with `teacher`/,
  )
  put('sprites-llamagen-vq', 'a', 'other')
  await expect(filesOfFolders({ tokenizer: join(root, 'a') })).rejects.toThrow(
    /`tokenizer` .*a is a folder with several tokenizers: .*other.model\.safetensors, .*tokenizer.model\.safetensors/,
  )
})
