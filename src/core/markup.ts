// Text on its way into Markdown and CSV, where it stands for itself: what comes from files and people becomes neither markup, nor a
// link, nor a formula, and what cannot be seen is shown by number (show.ts).
import { printableLine } from './show.ts'

/**
 * Text in a line or a table's cell of GitHub's Markdown: signs of Markdown and HTML are escaped, lines are joined, addresses do not
 * become links, and neither list, heading nor formula begins; numbers stay as they are.
 * @example
 * markdownText('a | b') // 'a \\| b'
 */
export const markdownText = (text: string): string =>
  printableLine(text.replace(/\s+/g, ' '))
    .replace(/[\\`*_{}[\]<>|#~&$@!]/g, '\\$&')
    .replace(/:(?=\/\/)|(?<=www)\./gi, '\\$&')
    .replace(/^( ?\d+)(?=[.)](?: |$))/, '$1\\')
    .replace(/^( ?)(?=[-+=])(?![-+]\d[\d.,]*(?:e[-+]?\d+)?(?: ± [\d.]+)?$)/, '$1\\')

/**
 * Text as code in a line of Markdown, whatever backticks and bars it holds.
 * @example
 * markdownCode('a`b') // '`` a`b ``'
 */
export function markdownCode(text: string): string {
  const line = printableLine(text.replace(/\s+/g, ' ')).replaceAll('|', '\\|')
  const runs = line.match(/`+/g) ?? []
  const fence = '`'.repeat(Math.max(0, ...runs.map((run) => run.length)) + 1)
  return runs.length ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`
}

/**
 * A field of CSV (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe before it, which shows it as text; numbers
 * stay numbers.
 * @see OWASP, "CSV Injection"
 * @example
 * csvField('=1+1') // "'=1+1"
 */
export function csvField(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value)
  const shown = printableLine(value.replace(/\s+/g, ' '))
  const text = /^\s*[=+\-@|%]/.test(shown) ? `'${shown}` : shown
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
