// The report as Markdown: tables, protocols, sample sheets by their files' names; plots are for the page.

import { percentage } from '../charts/bar-chart.ts'
import type { ClassFigures } from './classes.ts'
import { differenceText, type Report, type ReportTable } from './model.ts'
import type { ProtocolBlock } from './protocol-block.ts'

export interface MarkdownOptions {
  /** How the text reaches the file of an image; the path itself by default. */
  address?(path: string): string
}

/**
 * The report as GitHub's Markdown.
 * @example
 * const text = evaluationMarkdown(reportOf(await readEntries(['results']), 'Sprites'))
 * text.startsWith('# Sprites') // true
 */
export function evaluationMarkdown({ title, date, tables, apart }: Report, options: MarkdownOptions = {}): string {
  const reasons = apart.map(({ table, differences }) => {
    const said = differences.map((one) => `- ${plain(`${one.field} ${differenceText(one)}`)}`)
    return `Table ${table} stands apart from table A:\n\n${said.join('\n')}`
  })
  const parts = [
    `# ${plain(title)}`,
    `The latest result is of ${plain(date)}. A figure says something together with its protocol, which stands below each table.`,
    ...(reasons.length ? [`**Figures of different tables may not be compared.**`, ...reasons] : []),
    ...tables.flatMap((table) => section(table, tables.length > 1, options)),
  ]
  return `${parts.join('\n\n')}\n`
}

function section(table: ReportTable, lettered: boolean, { address = (path) => path }: MarkdownOptions): string[] {
  const { columns, rows, letter, heading, caveats, remarks, classes, grids, protocol } = table
  const titles = columns.map(({ title, kind, better }) => {
    if (kind === 'published') return 'Published by the authors, not measured here'
    return better ? `${title} ${better === 'lower' ? '↓' : '↑'}` : title
  })
  const body = rows.map(({ cells, best }) => {
    return cells.map((cell, i) => {
      const text = cell === '' ? '–' : plain(cell)
      if (columns[i]!.kind === 'published') return cell === '' ? text : `*${text}*`
      return best[i] ? `**${text}**` : text
    })
  })
  const sheets = grids.filter(({ grid }) => grid.source !== undefined)
  return [
    `## ${lettered ? `Table ${letter}: ` : ''}${plain(heading)}`,
    ...caveats.map((text) => `**${plain(text)}**`),
    markdownTable(
      titles,
      body,
      columns.map(({ kind }) => kind === 'number'),
    ),
    ...(remarks.length ? [remarks.map((text) => `- ${plain(text)}`).join('\n')] : []),
    ...(classes ? classFigures(classes) : []),
    ...sheets.map(
      ({ grid, caption }) => `![${plain(caption)}](<${encodeURI(address(grid.path))}>)\n\n${plain(caption)}`,
    ),
    ...protocolBlock(protocol),
  ]
}

function classFigures({ labels, rows, remark }: ClassFigures): string[] {
  const body = rows.map(({ name, shares }) => {
    return [plain(name), ...shares.map((share) => (share === undefined ? '–' : percentage(share)))]
  })
  const table = markdownTable(['Class', ...labels.map(plain)], body, [false, ...labels.map(() => true)])
  return [`### Accuracy by class, the hardest first${remark && ` (${remark})`}`, table]
}

function protocolBlock({ shared, columns, rows }: ProtocolBlock): string[] {
  const facts = shared.map(({ name, value }) => `- ${plain(name)}: ${plain(value)}`).join('\n')
  if (!rows.length) return ['### Protocol', facts]
  const titles = ['Row', ...columns.map((column) => plain(column.replace('Sampling: ', '')))]
  const body = rows.map(({ label, cells }) => [plain(label), ...cells.map((cell) => plain(cell) || '–')])
  return [
    '### Protocol',
    facts,
    'What differs between the rows:',
    markdownTable(
      titles,
      body,
      titles.map(() => false),
    ),
  ]
}

function markdownTable(titles: readonly string[], rows: readonly string[][], right: readonly boolean[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(titles), line(right.map((one) => (one ? '---:' : '---'))), ...rows.map(line)].join('\n')
}

/** Text that means itself: what Markdown or HTML would read as a sign is escaped, and lines are joined. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>|#~&]/g, '\\$&')
