// The whole method on the drawn sprites, from nothing: classifier, tokenizer, teacher, pairs, student, and the table that
// compares their samples. Each stage has its own folder. A finished stage is kept, an interrupted one continues.

import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { UsageError } from '../core/errors.ts'
import { sprites } from '../data/node/sprites.ts'
import type { Engine } from '../engine/types.ts'
import { makeFolder, writeAtomically } from '../files/atomic.ts'
import { lockFolder } from '../files/lock.ts'
import { readText } from '../files/read.ts'
import { fileSha256 } from '../jobs/node/manifest.ts'
import { defaultFlow } from '../sampling/flow-schedule.ts'
import { programCache } from '../sampling/programs.ts'
import { openPerceptual } from './open-perceptual.ts'
import { makePairs, type PairsProgress } from './pairs.ts'
import { quickened, type Recipe, recipes } from './recipes.ts'
import { makeTable, openParts } from './reproduce-table.ts'
import { weightsFile } from './run.ts'
import type { RunEvent } from './run-log.ts'
import { classifierSettings, studentSettings, teacherSettings, tokenizerSettings } from './settings.ts'
import { type FamilyName, trainClassifier, trainStudent, trainTeacher, trainTokenizer } from './stages.ts'
import type { TableRow } from './table.ts'
import { teacherDefaults, trainedFamily } from './trained-family.ts'

export const stageNames = ['classifier', 'tokenizer', 'teacher', 'pairs', 'student', 'table'] as const
export type StageName = (typeof stageNames)[number]

export interface ReproduceOptions {
  /** Where the stages have their folders. */
  out: string
  engine: Engine
  /** Program and version, for the manifest of the pairs. */
  madeBy: string
  /** Few steps with small networks: a demonstration without useful results. */
  quick?: boolean | undefined
  /** Replaces files that are no reproduction's. */
  force?: boolean | undefined
  signal?: AbortSignal | undefined
  /** A stage begins: steps of its training, pairs, or images of a row; when it is finished, nothing else follows. */
  onStage?(stage: StageName, units: number): void
  /** From the trainings. */
  onEvent?(event: RunEvent): void
  onPairs?(progress: PairsProgress): void
  /** Images of a row of the table. */
  onRow?(name: string, done: number, total: number): void
  note?(line: string): void
}

/** Files of the networks, the folder of the pairs, and the table. */
export interface Reproduced {
  files: Record<StageName, string>
  rows: readonly TableRow[]
}

/**
 * Runs the method on sprites.
 * @throws UsageError when `out` holds another reproduction; whatever the stages throw, the signal's reason when aborted
 */
export async function reproduceSprites(family: FamilyName, options: ReproduceOptions): Promise<Reproduced> {
  const { out, signal } = options
  const recipe = options.quick ? quickened(recipes[family]) : recipes[family]
  await claim(out, { family, recipe })
  await using _lock = await lockFolder(out, 'another reproduction')
  const folder = (stage: StageName) => join(out, stage)
  const network = (stage: StageName) => weightsFile(folder(stage))
  const files: Reproduced['files'] = {
    classifier: network('classifier'),
    tokenizer: network('tokenizer'),
    teacher: network('teacher'),
    pairs: folder('pairs'),
    student: network('student'),
    table: join(folder('table'), 'table.json'),
  }
  const begin = (stage: StageName, units: number) => {
    options.onStage?.(stage, units)
    return { ...options, folder: folder(stage), signal }
  }
  let rows: readonly TableRow[] = []

  const stages: Record<StageName, () => Promise<void>> = {
    async classifier() {
      const settings = await classifierSettings.resolve({ overrides: recipe.classifier })
      await trainClassifier(begin('classifier', settings.steps), drawn(settings), settings)
    },
    async tokenizer() {
      const settings = await tokenizerSettings.resolve({ overrides: recipe.tokenizer })
      const context = begin('tokenizer', settings.steps)
      await trainTokenizer(context, drawn(settings), family, settings, files.classifier)
    },
    async teacher() {
      const settings = await teacherSettings.resolve({ overrides: recipe.teacher })
      await trainTeacher(begin('teacher', settings.steps), drawn(settings), settings, files.tokenizer)
    },
    async pairs() {
      begin('pairs', recipe.pairs.count)
      await pairsOf(files, recipe.pairs, options)
    },
    async student() {
      const settings = await studentSettings.resolve({ overrides: recipe.student })
      const context = begin('student', settings.steps)
      const { close, ...features } = await openPerceptual({ classifier: files.classifier })
      await trainStudent(context, settings, { ...files, ...features })
      await close()
    },
    async table() {
      begin('table', recipe.table.count)
      rows = await makeTable(files, recipe, options)
    },
  }
  for (const stage of stageNames) {
    signal?.throwIfAborted()
    await stages[stage]()
  }
  return { files, rows }
}

const drawn = ({ dataSeed, imageSize }: { dataSeed: number; imageSize: number }) =>
  sprites({ seed: dataSeed, imageSize })

/** Takes a folder for one reproduction; a second one with another recipe is refused. */
async function claim(out: string, what: { family: FamilyName; recipe: Recipe }): Promise<void> {
  const path = join(out, 'recipe.json')
  await makeFolder(out)
  const text = `${JSON.stringify(what, null, 2)}\n`
  if (!existsSync(path)) await writeAtomically(path, new TextEncoder().encode(text))
  else if ((await readText(path)) !== text) {
    throw new UsageError(`${out} holds a reproduction with another recipe (${path}).`, {
      remedy: 'Name another folder with `out`.',
    })
  }
}

async function pairsOf(files: Reproduced['files'], recipe: Recipe['pairs'], options: ReproduceOptions): Promise<void> {
  const { engine, madeBy, signal, onPairs, note } = options
  const { count, odeSteps, ...sampling } = recipe
  const programs = programCache(engine)
  try {
    await makePairs(trainedFamily(await openParts(files)), programs, {
      folder: files.pairs,
      count,
      seed: 0,
      teacher: teacherDefaults(sampling),
      signal,
      flow: { ...defaultFlow, steps: odeSteps },
      origin: {
        teacher: basename(files.teacher),
        teacherSha256: await fileSha256(files.teacher, signal),
        tokenizer: basename(files.tokenizer),
        tokenizerSha256: await fileSha256(files.tokenizer, signal),
        device: engine.device,
        madeBy,
      },
      onProgress: onPairs,
      onFault: (name, what) => note?.(`${name} ${what}; it is made again.`),
    })
  } finally {
    await programs.close()
  }
}
