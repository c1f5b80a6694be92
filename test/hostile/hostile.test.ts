// Every hostile file ends in a CheckpointError that helps, within 1 s and 200 MB, and runs nothing.
import { existsSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { openFile } from '../../src/checkpoint/node/file-source.ts'
import { CheckpointError } from '../../src/core/errors.ts'
import { record } from '../attack/record.ts'
import { fixturePath } from '../fixtures.ts'
import { hostileNpy, hostileSafetensors } from './hostile-arrays.ts'
import { hostileLegacy, hostilePickles } from './hostile-pickles.ts'
import { type Hostile, hostileZips } from './hostile-zips.ts'
import { openAll } from './open-all.ts'

const families: readonly (readonly [string, readonly Hostile[]])[] = [
  ['zip archives', hostileZips],
  ['pickles', hostilePickles],
  ['legacy files', hostileLegacy],
  ['safetensors files', hostileSafetensors],
  ['numpy files', hostileNpy],
]

let slowest = 0
let largest = 0
afterAll(() => {
  record({
    attack: 'checkpoints made by hand to break a reader',
    count: families.flatMap(([, files]) => files).length,
    result: `each refused with a CheckpointError, in at most ${slowest.toFixed(2)} s of CPU and ${largest.toFixed(0)} MB`,
  })
})

describe.each(families)('hostile %s are refused in time', (_, files) => {
  test.each(files)('%s', async (_what, bytes, mentions) => {
    const file = bytes()
    const rss = process.resourceUsage().maxRSS
    const start = process.cpuUsage()
    const error = await openAll('evil.bin', file).then(
      (text) => `was read:\n${text.slice(0, 500)}`,
      (thrown) => thrown,
    )
    expect(error).toBeInstanceOf(CheckpointError)
    const { user, system } = process.cpuUsage(start)
    const megabytes = (process.resourceUsage().maxRSS - rss) / 1024
    slowest = Math.max(slowest, (user + system) / 1e6)
    largest = Math.max(largest, megabytes)
    expect((user + system) / 1e6).toBeLessThan(1)
    expect(megabytes).toBeLessThan(200)
    expect(error.message).toMatch(mentions)
    expect(error.message).toMatch(/^evil\.bin: .+: expected .+, found /s)
    expect(error.remedy).toBeTruthy()
    expect(error.message.length).toBeLessThan(1000)
  })
})

test('there are more than 40 of them', () => {
  expect(families.flatMap(([, files]) => files).length).toBeGreaterThan(40)
})

test.each([
  ['bad_truncated.pth', /closing record/],
  ['bad_truncated_legacy.pth', /cut off/],
  ['bad_unsafe_pickle.pth', /posix\.system/],
  ['bad_unsafe_pickle_legacy.pth', /posix\.system/],
])('the fixture %s is refused', async (file, mentions) => {
  await expect(openFile(fixturePath(file))).rejects.toThrow(mentions)
  await expect(openFile(fixturePath(file))).rejects.toThrow(CheckpointError)
  expect(existsSync('/tmp/pwned')).toBe(false)
})
