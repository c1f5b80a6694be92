// The last stage of a reproduction: a table that compares every way of sampling with its networks. The reference consists of
// sprites of another seed than the training data's.

import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { sprites } from '../data/node/sprites.ts'
import { REFERENCE_SEED } from '../evaluate/node/sets/sprites.ts'
import { classifierReader } from '../evaluate/node/sprites-reader.ts'
import { makeFolder, writeAtomically } from '../files/atomic.ts'
import { readText } from '../files/read.ts'
import { hasMark, refuseReplacing } from '../files/replacing.ts'
import { fileSha256 } from '../jobs/node/manifest.ts'
import type { TokenizerArchitecture, TransformerArchitecture } from '../models/architecture.ts'
import type { Recipe } from './recipes.ts'
import type { Reproduced, ReproduceOptions } from './reproduce.ts'
import { classifierSettings, studentSettings } from './settings.ts'
import { comparisonTable, type TableRow, type TableSampler } from './table.ts'
import { type TrainedParts, teacherDefaults } from './trained-family.ts'
import { readTrained } from './trained-file.ts'

/** What has been trained so far, in memory. */
export async function openParts(files: Reproduced['files']): Promise<TrainedParts & { teacher: object }> {
  const [tokenizer, teacher] = [
    await readTrained(files.tokenizer, 'tokenizer'),
    await readTrained(files.teacher, 'teacher'),
  ]
  const student = existsSync(files.student) ? await readTrained(files.student, 'student') : undefined
  return {
    tokenizer: { ...tokenizer, architecture: tokenizer.architecture as TokenizerArchitecture },
    teacher: { ...teacher, architecture: teacher.architecture as TransformerArchitecture },
    ...(student && { student: { ...student, architecture: student.architecture as TransformerArchitecture } }),
  }
}

/** Makes the table, or reads the one that was made of this very student. */
export async function makeTable(
  files: Reproduced['files'],
  recipe: Recipe,
  { engine, signal, onRow, force }: ReproduceOptions,
): Promise<readonly TableRow[]> {
  const student = await fileSha256(files.student, signal)
  const mark = /^\{\s+"student": "[0-9a-f]{64}"/
  await refuseReplacing([{ name: 'The table', path: files.table, mark }], { force })
  if (await hasMark(files.table, mark)) {
    const found = JSON.parse(await readText(files.table))
    if (found.student === student) return found.rows
  }
  const { imageSize } = await readTrained(files.classifier, 'classifier')
  await using reader = await classifierReader(engine, files.classifier, 'classifier')
  const { dataSeed } = await classifierSettings.resolve({ overrides: recipe.classifier })
  const rows = await comparisonTable({
    engine,
    signal,
    seed: 5,
    count: recipe.table.count,
    skips: recipe.table.skips,
    parts: await openParts(files),
    reader,
    reference: sprites({ seed: dataSeed + REFERENCE_SEED, imageSize }),
    samplers: samplersOf(recipe),
    ...(onRow && { onProgress: onRow }),
  })
  await makeFolder(dirname(files.table))
  const json = JSON.stringify({ student, device: engine.device, threads: engine.threads, rows }, null, 2)
  await writeAtomically(files.table, new TextEncoder().encode(`${json}\n`))
  return rows
}

/** The teacher, the student in one step and at all its timesteps, and the two together. */
function samplersOf({ pairs, student, table }: Recipe): TableSampler[] {
  const { timesteps, split } = { ...studentSettings.defaults, ...student }
  const { count: _, odeSteps: __, ...sampling } = pairs
  const teacher = teacherDefaults(sampling)
  const timestep = timesteps.at(-1)!
  return [
    { name: 'teacher', plan: { kind: 'teacher', teacher } },
    { name: 'one step', plan: { kind: 'student', timesteps: [0], split } },
    { name: 'two steps', plan: { kind: 'student', timesteps, split } },
    ...table.teacherFrom.map(
      (teacherFrom): TableSampler => ({
        name: `teacher from ${teacherFrom}`,
        plan: { kind: 'teacher-involved', timestep, split, teacherFrom, teacher },
      }),
    ),
  ]
}
