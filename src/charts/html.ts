// Text on its way into a page.

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text as it may stand in an element or an attribute.
 * @example
 * escaped('a < b') // 'a &lt; b'
 */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!)
