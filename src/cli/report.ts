// `distilled report`: results of evaluations on one page, with what they may be compared to.

import { dirname, relative, resolve, sep } from 'node:path'
import { Command } from 'commander'
import { plural } from '../core/format.ts'
import { writeAtomically } from '../files/atomic.ts'
import { refuseReplacing } from '../files/replacing.ts'
import { refuseOverwriting } from '../images/node/overwriting.ts'
import { evaluationMarkdown, markdownMark } from '../report/markdown.ts'
import { type Report, reportOf } from '../report/model.ts'
import { readEntries } from '../report/node/read-entries.ts'
import { evaluationPage, pageMark } from '../report/page.tsx'
import { commandOutput, type Io } from './io.ts'

const examples = `
Examples:
  $ distilled report results                                  all results of a folder, into report.html
  $ distilled report one-step.json teacher.json --markdown table.md
  $ distilled report results --title "Sprites" --out sprites.html --markdown sprites.md

Results are the files that distilled evaluate --save writes. Results that may not be compared are in different tables, and
the page says why. Published figures have their own column. The page is one file without scripts, and it fetches nothing.`

interface Flags {
  out?: string
  markdown?: string
  title: string
  force?: boolean
  json?: boolean
  quiet?: boolean
}

export function reportCommand(io: Io): Command {
  return new Command('report')
    .argument('<results...>', 'result files, or folders with result files')
    .option('-o, --out <file>', 'the page (default: report.html, unless only --markdown is given)')
    .option('--markdown <file>', 'also write the report as Markdown')
    .option('--title <text>', 'heading (default: Evaluation)', 'Evaluation')
    .option('--force', 'replace files that distilled report did not write')
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'print only errors')
    .addHelpText('after', examples)
    .action((results: string[], flags: Flags) => writeReport(results, flags, io))
}

async function writeReport(results: readonly string[], flags: Flags, io: Io): Promise<void> {
  const { markdown, title, force } = flags
  const out = flags.out ?? (markdown === undefined ? 'report.html' : undefined)
  const entries = await readEntries(results, { signal: io.signal })
  const sources = [...entries.flatMap(({ path, grid }) => (grid ? [path, grid.path] : [path])), ...results]
  const outputs = [
    { name: '--out', path: out, mark: pageMark },
    { name: '--markdown', path: markdown, mark: markdownMark },
  ].flatMap(({ path, ...output }) => (path ? [{ ...output, path }] : []))
  await refuseOverwriting(
    sources.map((path) => ({ name: 'a result', path, reads: (file) => file.endsWith('.json') })),
    outputs,
  )
  await refuseReplacing(outputs, { force })
  const report = reportOf(entries, title)
  const write = (path: string, text: string) =>
    writeAtomically(path, new TextEncoder().encode(text), { signal: io.signal })
  if (out !== undefined) await write(out, evaluationPage(report))
  if (markdown !== undefined) {
    const folder = dirname(resolve(markdown))
    const address = (path: string) => relative(folder, resolve(path)).split(sep).join('/')
    await write(markdown, evaluationMarkdown(report, { address }))
  }
  const output = commandOutput(io, flags)
  for (const { grid, result } of entries)
    if (grid && grid.source === undefined)
      output.note(`note: ${grid.path}, the samples of "${result.name}", is not there.`)
  output.result(
    [...[out, markdown].filter((path) => path !== undefined), summary(report, entries.length)].join('\n'),
    asJson(report, { out, markdown }),
  )
}

function summary({ tables }: Report, count: number): string {
  const results = plural(count, 'result')
  if (count === 1) return `${results}.`
  if (tables.length === 1) return `${results} in one table: they may be compared.`
  return `${results} in ${tables.length} tables: what may not be compared stands apart.`
}

/** Without images: the page has them. */
const asJson = (
  { title, date, tables, apart }: Report,
  files: { out?: string | undefined; markdown?: string | undefined },
) => ({
  ...files,
  title,
  date,
  apart,
  tables: tables.map(({ letter, heading, caveats, columns, rows, remarks, classes, protocol }) => {
    const titles = columns.map((column) => column.title)
    return { letter, heading, caveats, columns: titles, rows, remarks, classes, protocol }
  }),
})
