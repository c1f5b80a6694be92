// Writes web/src/views/report/results.json from the comparison tables of finished reproductions, with the protocol that their
// figures were measured by, and the figures of the zoo that were published by the authors.
//
//   node scripts/web-report.js runs/var runs/llamagen
//
// A folder is what `distilled reproduce sprites --out FOLDER` made: recipe.json and table/table.json are read.

import { createHash } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, root } from './build.js'

build()
const { models } = await import('../dist/zoo/registry.js')

const folders = process.argv.slice(2)
if (folders.length === 0) throw new Error('Usage: node scripts/web-report.js FOLDER... (of `distilled reproduce`)')

/** @param {string} path */
const json = async (path) => JSON.parse(await readFile(path, 'utf8'))

/** @typedef {{ name: string, steps: number, secondsPerImage?: number, frechet: number, precision: number, recall: number, accuracy: number }} Row */

/** Six digits are more than 10,000 samples know. @param {Row} row */
const rounded = (row) =>
  Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key, typeof value === 'number' ? Number(value.toPrecision(6)) : value]),
  )

/** @param {string} folder */
async function family(folder) {
  const path = join(folder, 'table', 'table.json')
  const [{ family: name, recipe }, table] = [await json(join(folder, 'recipe.json')), await json(path)]
  const student = models.find((entry) => entry.name === `sprites-${name}-dd`)
  if (student?.kind !== 'student' || !student.teacher) throw new Error(`The zoo has no student sprites-${name}-dd.`)
  const { timesteps, split } = recipe.student
  const { cfg, topK, topP } = recipe.pairs
  return {
    ...{ family: name, student: student.name, teacher: student.teacher },
    measured: (await stat(path)).mtime.toISOString().slice(0, 10),
    ...{ device: table.device, threads: table.threads, studentSha256: table.student },
    ...{ timesteps, split, pairs: recipe.pairs.count, samples: recipe.table.count },
    guidance: { cfg, topK, topP, temperature: 1 },
    rows: table.rows.map(rounded),
  }
}

/** What authors stated, one row a figure; a teacher behind its student. */
const published = models.flatMap((student) => {
  if (student.kind !== 'student') return []
  const teacher = models.find(({ name }) => name === student.teacher)
  const figures = student.presets.map(({ published, teacherFrom }) => ({ published, teacherFrom, teacher: false }))
  if (teacher?.kind === 'teacher') figures.push({ published: teacher.published, teacherFrom: undefined, teacher: true })
  return figures.flatMap(({ published, teacherFrom = null, teacher }) => {
    if (published?.source !== 'DD') return []
    const { source: _, ...rest } = published
    return [{ student: student.name, teacherFrom, teacher, ...rest }]
  })
})

const classifier = createHash('sha256').update(await readFile(join(root, 'models', 'sprites-classifier.safetensors')))
const text = JSON.stringify(
  { classifierSha256: classifier.digest('hex'), families: await Promise.all(folders.map(family)), published },
  null,
  2,
)
const target = fileURLToPath(new URL('../web/src/views/report/results.json', import.meta.url))
await writeFile(target, `${text}\n`)
console.log(target)
