// `distilled data preview` in-process: the sheet is there, as large as it says, and speaks of what it shows.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { spriteClasses } from '../data/node/sprites.ts'
import { dataCommand } from './data.ts'

const folder = mkdtempSync(join(tmpdir(), 'distilled-preview-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const out = (name: string) => join(folder, name)

async function preview(...argv: string[]) {
  const text = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof text) => ({ write: (chunk: string) => (text[name] += chunk) })
  const io = { stdout: stream('stdout'), stderr: stream('stderr'), signal: new AbortController().signal }
  const command = dataCommand(io).commands[0]!.exitOverride().configureOutput({ writeErr: io.stderr.write })
  await command.parseAsync(argv, { from: 'user' })
  return text
}

describe('data preview', () => {
  it('draws a row for every class and says where', async () => {
    const { stdout, stderr } = await preview('--columns', '3', '--out', out('all.png'))
    expect(stdout).toBe(
      `${out('all.png')}\nsprites: 1,000,000 images of 32 x 32 pixels; rows: ${spriteClasses.join(', ')}\n`,
    )
    expect(stderr).toBe('')
    const { width, height, channels } = await sharp(out('all.png')).metadata()
    expect(channels).toBe(3)
    expect(height).toBe(12 * (96 + 4) + 4)
    expect(width).toBeGreaterThan(3 * 100)
    expect(width).toBeLessThan(3 * 100 + 120)
  })

  it('shows enlarged pixels: squares of one colour', async () => {
    await preview('--rows', '1', '--columns', '1', '--scale', '4', '--out', out('one.png'))
    const { data, info } = await sharp(out('one.png')).raw().toBuffer({ resolveWithObject: true })
    const at = (x: number, y: number) => [...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3)]
    const left = info.width - 4 - 128
    for (const [x, y] of [
      [0, 0],
      [40, 64],
      [124, 124],
    ] as const) {
      expect(at(left + x, 4 + y)).toEqual(at(left + x + 3, 4 + y + 3))
    }
    expect(at(left - 1, 4)).toEqual([255, 255, 255])
  })

  it('says as JSON what it shows, and how many classes it leaves out', async () => {
    const { stdout } = await preview('--rows', '2', '--columns', '1', '--json', '--out', out('two.png'))
    expect(JSON.parse(stdout)).toEqual({
      file: out('two.png'),
      data: 'sprites',
      images: 1_000_000,
      imageSize: 32,
      classes: ['fish', 'house'],
    })
    const { stderr } = await preview('--rows', '2', '--columns', '1', '--out', out('two.png'))
    expect(stderr).toBe('note: showing 2 of 12 classes (--rows).\n')
  })

  it('draws folders with names of any kind', async () => {
    const photos = { create: { width: 20, height: 12, channels: 3 as const, background: '#3377aa' } }
    const name = join(folder, 'photos', 'salt & <pepper>')
    mkdirSync(name, { recursive: true })
    await sharp(photos).toFile(join(name, 'a.png'))
    const { stdout } = await preview('--data', join(folder, 'photos'), '--image-size', '8', '--out', out('photos.png'))
    expect(stdout).toContain('1 images of 8 x 8 pixels; rows: salt & <pepper>')
  })

  it('refuses bad flags and folders', async () => {
    await expect(preview('--rows', '0')).rejects.toThrow('Expected a whole number from 1 to 1,000.')
    await expect(preview('--data', out('nowhere'))).rejects.toThrow('there is no such folder')
    await expect(preview('--rows', '1', '--out', out('sheet.gif'))).rejects.toThrow('no image format "gif"')
  })
})
