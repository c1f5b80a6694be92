import { describe, expect, it } from 'vitest'
import { csvField, markdownCode, markdownText } from './markup.ts'

describe('Markdown', () => {
  it.each([
    ['a | b', 'a \\| b'],
    ['<img src=x onerror=alert(1)>', '\\<img src=x onerror=alert(1)\\>'],
    ['[a](https://b)', '\\[a\\](https\\://b)'],
    ['![a](b)', '\\!\\[a\\](b)'],
    ['www.evil.example', 'www\\.evil.example'],
    ['me@evil.example', 'me\\@evil.example'],
    ['- item', '\\- item'],
    ['+1+cmd', '\\+1+cmd'],
    ['-0.00012 ± 0.00030', '-0.00012 ± 0.00030'],
    ['1.0x', '1.0x'],
    ['=HYPERLINK("x")', '\\=HYPERLINK("x")'],
    ['1. first', '1\\. first'],
    ['# one\n\n# two', '\\# one \\# two'],
    ['a\u001b[2J\u202eb', 'a\\\\u001b\\[2J\\\\u202eb'.replace(/\\\\\\\\/g, '\\\\')],
    ['var-d16, 2 steps (0.5)', 'var-d16, 2 steps (0.5)'],
  ])('text %j means itself: %s', (text, escaped) => {
    expect(markdownText(text)).toBe(escaped)
  })

  it('code keeps its backticks and bars', () => {
    expect(markdownCode('a/b.png')).toBe('`a/b.png`')
    expect(markdownCode('a`` | ` b')).toBe('``` a`` \\| ` b ```')
  })
})

describe('CSV', () => {
  it.each([
    ['=HYPERLINK("http://x";"y")', '"\'=HYPERLINK(""http://x"";""y"")"'],
    ['@SUM(1)', "'@SUM(1)"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['\t=1', "' =1"],
    ['a, b', '"a, b"'],
    ['plain text', 'plain text'],
    ['\u001b]0;x', '"\\u001b]0;x"'],
  ])('text %j is no formula: %s', (text, field) => {
    expect(csvField(text)).toBe(field)
  })

  it('numbers stay numbers', () => {
    expect([csvField(-1.5), csvField(0), csvField(null)]).toEqual(['-1.5', '0', ''])
  })
})
