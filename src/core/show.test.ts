import { describe, expect, it } from 'vitest'
import { printable, printableLine, quote, show } from './show.ts'

/** Every kind that acts on a terminal or cannot be seen, with the ends of its ranges. */
const acting = [
  0x00,
  0x07,
  0x08,
  0x0b,
  0x1b,
  0x1f,
  0x7f,
  0x80,
  0x9b,
  0x9f, // C0, DEL, C1
  ...[0xad, 0x61c, 0x180e, 0x200b, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2060, 0x2064, 0x2066, 0x2069],
  0xfeff,
  0xfff9,
  0xfffb,
  0xfe00,
  0xfe0f,
  0xe0001,
  0xe007f,
  0xe0100,
  0xe01ef,
  0xd800,
  0xdfff,
]

describe('text from elsewhere', () => {
  it.each(acting)('U+%i is shown by number', (code) => {
    const character = String.fromCodePoint(code)
    for (const show of [printable, printableLine, quote]) expect(show(`a${character}b`)).toMatch(/^"?a(\\[u]?\w+)+b"?$/)
  })

  it('keeps letters of every language, line ends and tabs', () => {
    for (const text of ['Grüße, мир, 世界, שלום, 🚢', 'two\nlines\r\n', 'a\tb']) expect(printable(text)).toBe(text)
    expect(printableLine('two\nlines')).toBe('two\\u000alines')
    expect(printable('over\rwritten')).toBe('over\\u000dwritten')
  })

  it('leaves the value of a JSON document as it is', () => {
    const value = { name: acting.map((code) => String.fromCodePoint(code)).join('-') }
    expect(JSON.parse(printable(JSON.stringify(value, null, 2)))).toEqual(value)
  })

  it('is cut', () => {
    expect(quote('x'.repeat(1000), 10)).toBe('"xxxxxxxxxx..."')
    expect(show(['\x1b[2J', {}, 3])).toBe('[\\u001b[2J, ?, 3]')
    expect(show(new Map())).toBe('a Map')
    expect(show('y'.repeat(100)).length).toBeLessThan(50)
  })
})
