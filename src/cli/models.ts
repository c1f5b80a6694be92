// `distilled models`: the models as a table, which of them are on this machine, and their classes.

import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { nearest, UsageError } from '../core/errors.ts'
import { plural } from '../core/format.ts'
import { load } from '../library/node/load.ts'
import { parameterCount } from '../models/shapes.ts'
import { type ClassInfo, type ClassList, classInfo, imagenet } from '../zoo/classes.ts'
import type { ModelEntry, Published } from '../zoo/model-entry.ts'
import { locate } from '../zoo/node/cache.ts'
import { classesOf, findModel, models } from '../zoo/registry.ts'
import { commandOutput, type Io } from './io.ts'

const examples = `
Examples:
  $ distilled models
  $ distilled models --classes retriever    ids and names of the classes whose names hold "retriever"
  $ distilled models --classes --model sprites-var-dd    the classes of that model instead of ImageNet's
  $ distilled models --classes --model runs/student      those of a model in a folder
  $ distilled models --json`

interface Flags {
  json?: boolean
  classes?: string | true
  model?: string
}

export function modelsCommand(io: Io): Command {
  return new Command('models')
    .option('--classes [filter]', 'list classes instead: all, or those with FILTER in their names')
    .option(
      '-m, --model <name>',
      "with --classes: list the classes of this model, a name or folder (default: ImageNet's)",
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', examples)
    .action(async (flags: Flags) => {
      const { result } = commandOutput(io, flags)
      if (flags.classes === undefined) {
        if (flags.model !== undefined)
          throw new UsageError('--model names whose classes are listed.', { remedy: 'Give --classes as well.' })
        const rows = models.map(describe)
        result(formatModels(rows), { models: rows })
      } else {
        const list = flags.model === undefined ? imagenet : await classesIn(flags.model, io)
        const classes = matching(flags.classes === true ? '' : flags.classes, list)
        result(formatClasses(classes), { classes })
      }
    })
}

/** The classes of a model of the zoo, which need not be on this machine, or of one in a folder. */
async function classesIn(model: string, { signal }: Io): Promise<ClassList> {
  if (!existsSync(model)) return classesOf(findModel(model))
  await using loaded = await load(model, { device: 'cpu', threads: 1, signal })
  return loaded.classes
}

interface Row {
  name: string
  kind: ModelEntry['kind']
  parameters: number
  source: ModelEntry['source']
  /** Where the file is on this machine. */
  path: string | null
  teacher?: string
  tokenizer?: string
  published: Published[]
}

function describe(entry: ModelEntry): Row {
  return {
    name: entry.name,
    kind: entry.kind,
    parameters: parameterCount(entry),
    source: entry.source,
    path: locate(entry) ?? null,
    ...(entry.kind === 'student' && { teacher: entry.teacher }),
    ...(entry.kind !== 'tokenizer' && { tokenizer: entry.tokenizer }),
    published: publishedOf(entry),
  }
}

function publishedOf(entry: ModelEntry): Published[] {
  if (entry.kind === 'student') return entry.presets.flatMap((preset) => preset.published ?? [])
  return entry.kind === 'teacher' && entry.published ? [entry.published] : []
}

const headings: Record<ModelEntry['kind'], string> = {
  student: 'Students: one or a few steps',
  teacher: 'Teachers: group by group, slow',
  tokenizer: 'Tokenizers: from tokens to pixels',
}

function formatModels(rows: readonly Row[]): string {
  const width = Math.max(...rows.map((row) => row.name.length))
  const lines = Object.entries(headings).flatMap(([kind, heading]) => [
    heading,
    ...rows
      .filter((row) => row.kind === kind)
      .map((row) => {
        const here = row.path === null ? '-' : 'on disk'
        const size = count(row.parameters)
        return `  ${row.name.padEnd(width)}  ${size.padStart(5)}  ${here.padEnd(7)}  ${figures(row)}`.trimEnd()
      }),
    '',
  ])
  return [
    ...lines,
    "FID: published by the models' authors (ImageNet, 50,000 images at 256 x 256), not measured here.",
    'Fetch a model with: distilled download NAME',
  ].join('\n')
}

/** "328M", "45k" */
const count = (parameters: number): string =>
  parameters < 1e6 ? `${Math.round(parameters / 1e3)}k` : `${Math.round(parameters / 1e6)}M`

function figures({ published }: Row): string {
  const steps = published.map((figure) => `${figure.fid} in ${plural(figure.steps, 'step')}`)
  return steps.length ? `published FID ${steps.join(', ')}` : ''
}

function matching(filter: string, list: ClassList): ClassInfo[] {
  const all = list.labels.map((_, id) => classInfo(id, list))
  const names = (info: ClassInfo) => [info.name, ...info.synonyms].map((name) => name.toLowerCase())
  const wanted = filter.toLowerCase()
  const found = all.filter((info) => String(info.id) === wanted || names(info).some((name) => name.includes(wanted)))
  if (found.length) return found
  const near = nearest(wanted, all.flatMap(names))
  throw new UsageError(`No class of ${list.name} has "${filter}" in its names.`, {
    remedy: near ? `Did you mean "${near}"?` : 'List all with: distilled models --classes',
  })
}

function formatClasses(classes: readonly ClassInfo[]): string {
  const lines = classes.map(
    ({ id, name, synonyms, sensitive }) =>
      `${sensitive ? '*' : ' '} ${String(id).padStart(4)}  ${[name, ...synonyms].join(', ')}`,
  )
  if (!classes.some((info) => info.sensitive)) return lines.join('\n')
  return [...lines, '', '* a sensitive name: look at the images before you pass them on'].join('\n')
}
