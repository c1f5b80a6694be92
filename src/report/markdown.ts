// The report as Markdown: tables, protocols, sample sheets by their files' names; plots are for the page.

import { percentage } from '../core/format.ts'
import { markdownText } from '../core/markup.ts'
import type { ClassFigures } from './classes.ts'
import { differenceText, type Report, type ReportTable } from './model.ts'
import type { ProtocolBlock } from './protocol-block.ts'

export interface MarkdownOptions {
  /** How the text reaches the file of an image; the path itself by default. */
  address?(path: string): string
}

const needsProtocol = 'A figure says something together with its protocol, which stands below each table.'
/** Tells this text from others (files/replacing.ts). */
export const markdownMark = new RegExp(`^# .*\n\nThe latest result is of .* ${needsProtocol}`)

/**
 * The report as GitHub's Markdown.
 * @example
 * const text = evaluationMarkdown(reportOf(await readEntries(['results']), 'Sprites'))
 * text.startsWith('# Sprites') // true
 */
export function evaluationMarkdown({ title, date, tables, apart }: Report, options: MarkdownOptions = {}): string {
  const reasons = apart.map(({ table, differences }) => {
    const said = differences.map((one) => `- ${markdownText(`${one.field} ${differenceText(one)}`)}`)
    return `Table ${table} stands apart from table A:\n\n${said.join('\n')}`
  })
  const parts = [
    `# ${markdownText(title)}`,
    `The latest result is of ${markdownText(date)}. ${needsProtocol}`,
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
      const text = cell === '' ? '–' : markdownText(cell)
      if (columns[i]!.kind === 'published') return cell === '' ? text : `*${text}*`
      return best[i] ? `**${text}**` : text
    })
  })
  const sheets = grids.filter(({ grid }) => grid.source !== undefined)
  return [
    `## ${lettered ? `Table ${letter}: ` : ''}${markdownText(heading)}`,
    ...caveats.map((text) => `**${markdownText(text)}**`),
    markdownTable(
      titles,
      body,
      columns.map(({ kind }) => kind === 'number'),
    ),
    ...(remarks.length ? [remarks.map((text) => `- ${markdownText(text)}`).join('\n')] : []),
    ...(classes ? classFigures(classes) : []),
    ...sheets.map(
      ({ grid, caption }) =>
        `![${markdownText(caption)}](<${encodeURI(address(grid.path).replace(/\p{Cs}/gu, '\ufffd'))}>)\n\n${markdownText(caption)}`,
    ),
    ...protocolBlock(protocol),
  ]
}

function classFigures({ labels, rows, remark }: ClassFigures): string[] {
  const body = rows.map(({ name, shares }) => {
    return [markdownText(name), ...shares.map((share) => (share === undefined ? '–' : percentage(share)))]
  })
  const table = markdownTable(['Class', ...labels.map(markdownText)], body, [false, ...labels.map(() => true)])
  return [`### Accuracy by class, the hardest first${remark && ` (${remark})`}`, table]
}

function protocolBlock({ shared, columns, rows }: ProtocolBlock): string[] {
  const facts = shared.map(({ name, value }) => `- ${markdownText(name)}: ${markdownText(value)}`).join('\n')
  if (!rows.length) return ['### Protocol', facts]
  const titles = ['Row', ...columns.map((column) => markdownText(column.replace('Sampling: ', '')))]
  const body = rows.map(({ label, cells }) => [markdownText(label), ...cells.map((cell) => markdownText(cell) || '–')])
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
