// Names that act on a terminal, through every command's error paths and listings: nothing of them arrives unescaped.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writeSafetensors } from '../../src/checkpoint/safetensors.ts'
import { distilled, temporaryFolder } from './command-line.ts'

const folder = temporaryFolder()
/** Clears the screen, sets the title, C1 control, right-to-left override, zero width, soft hyphen, tag. */
const hostile = 'a\x1b[2J\x1b]0;t\x07\x9b31m\u202eb\u200b\u00ad\u{e0041}\u2028c'
const acting = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

const there = join(folder, hostile)
mkdirSync(there)
writeFileSync(join(there, `${hostile}.json`), JSON.stringify({ [hostile]: hostile }))
writeFileSync(join(there, `${hostile}.png`), hostile)
const tensors = [{ name: hostile, dtype: 'float32', shape: [1], data: new Uint8Array(4) }] as const
const checkpoint = join(there, `${hostile}.safetensors`)
writeFileSync(checkpoint, Buffer.concat(writeSafetensors(tensors)))
const json = join(there, `${hostile}.json`)
const gone = join(there, 'gone')

it.each<string[]>([
  [hostile],
  [`--${hostile}`],
  ['inspect', gone],
  ['inspect', json],
  ['inspect', checkpoint],
  ['inspect', checkpoint, '--json'],
  ['sample', '--model', hostile, '--class', '1'],
  ['sample', '--model', there, '--class', '1'],
  ['sample', '--class', hostile],
  ['sample', '--student', checkpoint, '--tokenizer', checkpoint, '--class', '1', '--out', join(folder, 'out')],
  ['sample', '--like', join(there, `${hostile}.png`)],
  ['sample', '--class', 'boat', '--noise', checkpoint],
  ['sample', '--class', 'boat', '--config', json],
  ['sample', '--class', 'boat', '--policy', json, '--out', join(folder, 'out')],
  ['sample', '--class', 'boat', '--dump', join(gone, 'x.npz')],
  ['sample', '--class', 'boat', '--out', json],
  ['sample', '--class', 'boat', '--seed', hostile],
  ['sample', 'merge', there],
  ['sample', 'export', there, '--out', join(folder, 'export')],
  ['models', '--classes', hostile],
  ['models', '--classes', '--model', hostile],
  ['download', hostile],
  ['export', hostile, '--out', join(folder, 'onnx')],
  ['bench', '--model', hostile],
  ['bench', '--only', hostile],
  ['data', 'preview', '--data', there],
  ['data', 'preview', '--out', join(gone, 'x.png')],
  ['train', 'classifier', '--config', json, '--out', join(folder, 'run')],
  ['train', 'classifier', '--data', there, '--out', join(folder, 'run')],
  ['train', 'teacher', '--tokenizer', checkpoint, '--out', join(folder, 'run')],
  ['pairs', '--teacher', hostile, '--count', '1'],
  ['pairs', '--teacher', checkpoint, '--tokenizer', checkpoint, '--count', '1', '--out', there],
  ['pairs', 'merge', there],
  ['reproduce', hostile, '--family', 'var'],
  ['evaluate', there, '--reference', 'sprites', '--features', 'sprites'],
  ['evaluate', gone, '--reference', gone, '--features', gone],
  ['evaluate', '--compare', json, json],
  ['features', there, '--features', checkpoint],
  ['features', 'merge', there],
  ['report', json],
  ['report', there],
  ['review', 'run', '--model', hostile, '--out', there],
  ['review', 'open', there],
  ['review', 'report', there],
  ['serve', '--model', hostile],
  ['serve', '--policy', json, '--port', '0'],
  ['clean', gone],
  ['completion', hostile],
])('%s %s %s', async (...argv) => {
  const { code, stdout, stderr } = await distilled(...argv)
  expect(code === 0).toBe(argv[1] === checkpoint)
  for (const text of [stdout, stderr]) expect(acting.exec(text)?.[0]).toBeUndefined()
  expect(stdout + stderr).toMatch(/\w/)
  expect(stderr.length).toBeLessThan(3000)
})
