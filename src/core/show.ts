// Text that comes from a file, a name or the network, in a form that cannot act on a terminal: control characters start escape
// sequences, bidirectional ones turn the order of what is read, invisible ones hide what is there. All of them are shown by
// number. Every message and listing passes here (cli/io.ts), names inside a sentence are quoted besides.

/**
 * Control (C0, DEL, C1), format (soft hyphen, zero width, bidirectional, tags), line and paragraph separators, lone surrogates, and
 * what Unicode calls default ignorable (variation selectors, fillers).
 */
const acting = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

const units = (text: string): string =>
  Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')

/**
 * Text of several lines as it may reach a terminal: everything but line ends and tabs that acts or cannot be seen is escaped as in
 * JSON. A JSON document keeps its value.
 * @example
 * printable('a\u001b[2Jb\n') // 'a\\u001b[2Jb\n'
 */
export const printable = (text: string): string =>
  text.replace(acting, (found, at: number) => {
    const isLineEnd = found === '\n' || (found === '\r' && text[at + 1] === '\n')
    return isLineEnd || found === '\t' ? found : units(found)
  })

/** The same for a line: a line end inside it is escaped as well. */
export const printableLine = (text: string): string => text.replace(acting, units)

/**
 * A name in quotes, cut after `limit` characters, and harmless to a terminal.
 * @example
 * quote('a\u202eb') // '"a\\u202eb"'
 */
export function quote(text: string, limit = 100): string {
  const short = text.length > limit ? `${text.slice(0, limit)}...` : text
  return printableLine(JSON.stringify(short))
}

/**
 * Any value, short enough for an error message.
 * @example
 * show([1, 'two']) // '[1, two]'
 */
export function show(value: unknown): string {
  if (Array.isArray(value)) {
    const shown = value.slice(0, 8).map((v) => (typeof v === 'object' ? '?' : printableLine(String(v).slice(0, 24))))
    return `[${shown.join(', ')}${value.length > 8 ? ', ...' : ''}]`
  }
  if (typeof value === 'string') return quote(value, 40)
  if (typeof value !== 'object' || value === null) return printableLine(String(value).slice(0, 40))
  return `a ${printableLine(String(value.constructor?.name ?? 'value').slice(0, 40))}`
}
