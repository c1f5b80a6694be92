// Text on its way into a page.

import { printable } from '../core/show.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text as it may stand in an element or an attribute; what cannot be seen is shown by number.
 * @example
 * escaped('a < b') // 'a &lt; b'
 */
export const escaped = (text: string): string =>
  printable(text).replace(/[&<>"']/g, (character) => entities[character]!)
