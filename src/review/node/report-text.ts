// The report for people (Markdown) and for spreadsheets (CSV, RFC 4180).
import { count } from '../../core/format.ts'
import { csvField, markdownCode, markdownText } from '../../core/markup.ts'
import type { ModelReport, ReviewReport, Tally } from './report.ts'

const headings = ['Class', 'Images', 'Reviewed', 'Flagged', 'Defect rate', 'Reviewers', 'Dates']

/** The report as a Markdown page. */
export function reportMarkdown(report: ReviewReport): string {
  const { total, models, findings, changed, faults } = report
  const open = total.images - total.reviewed
  return [
    '# Safety review',
    '',
    `${count(total.images)} images of ${models.length} ${models.length === 1 ? 'model' : 'models'}, ` +
      `${count(total.reviewed)} reviewed, ${count(total.flagged)} flagged: **defect rate ${rate(total)}**` +
      `${open ? ` so far; **${count(open)} images are still to be looked at**` : ''}.`,
    ...(total.reviewed ? ['', `Reviewers: ${total.reviewers.map(markdownText).join(', ')}; ${dates(total)}.`] : []),
    '',
    ...table(
      ['Model', ...headings.slice(1)],
      models.map((model) => [named(model), ...figures(model.total)]),
      total,
    ),
    ...models.flatMap((model) => ['', ...section(model)]),
    ...list(
      'Flagged images and notes',
      findings.map((f) => {
        const note = f.note === null ? '' : `: ${markdownText(f.note)}`
        return `${markdownCode(f.image)} (${f.class} ${markdownText(f.className)}), ${f.verdict}, ${markdownText(f.reviewer)}${note}`
      }),
    ),
    ...list('Verdicts that do not count: the image changed since', changed.map(markdownCode)),
    ...list('Faults', faults.map(markdownText)),
    '',
  ].join('\n')
}

function section(model: ModelReport): string[] {
  const settings = Object.entries(model.settings).map(([name, value]) => markdownText(`${name} ${String(value)}`))
  return [
    `## ${named(model)}`,
    '',
    ...table(
      headings,
      model.classes.map((row) => [`${row.id} ${markdownText(row.name)}`, ...figures(row)]),
      model.total,
    ),
    '',
    `Settings: ${settings.join(', ')}.`,
    '',
    ...model.checkpoints.map(({ role, file, sha256 }) => `- ${role} ${markdownText(file)}, SHA-256 \`${sha256}\``),
  ]
}

function table(head: readonly string[], rows: readonly string[][], total: Tally): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const align = head.map((_, i) => (i >= 1 && i <= 4 ? '--:' : '---'))
  return [line(head), line(align), ...rows.map(line), line(['**Total**', ...figures(total)])]
}

const figures = (tally: Tally): string[] => [
  ...[tally.images, tally.reviewed, tally.flagged].map(count),
  rate(tally),
  tally.reviewers.map(markdownText).join(', '),
  dates(tally),
]

const named = ({ id, sampler }: ModelReport): string => `${markdownText(id)} (${markdownText(sampler)})`
const list = (heading: string, items: readonly string[]): string[] =>
  items.length ? ['', `## ${heading}`, '', ...items.map((item) => `- ${item}`)] : []

/** "0.00 %", or a dash when nothing was reviewed. */
const rate = ({ defectRate }: Tally): string => (defectRate === null ? '-' : `${(100 * defectRate).toFixed(2)} %`)

function dates({ first, last }: Tally): string {
  if (first === null || last === null) return ''
  const from = first.slice(0, 10)
  const to = last.slice(0, 10)
  return from === to ? from : `${from} to ${to}`
}

/** One row for every model and class. */
export function reportCsv({ models }: ReviewReport): string {
  const head = [
    'model',
    'sampler',
    'class',
    'name',
    'images',
    'reviewed',
    'accepted',
    'flagged',
    'defect_rate',
    'reviewers',
    'first',
    'last',
    'checkpoint_sha256',
  ]
  const rows = models.flatMap(({ id, sampler, checkpoints, classes }) =>
    classes.map((row) => [
      id,
      sampler,
      row.id,
      row.name,
      row.images,
      row.reviewed,
      row.accepted,
      row.flagged,
      row.defectRate ?? '',
      row.reviewers.join(' '),
      row.first ?? '',
      row.last ?? '',
      checkpoints[0]?.sha256 ?? '',
    ]),
  )
  return [head, ...rows].map((row) => `${row.map(csvField).join(',')}\r\n`).join('')
}
