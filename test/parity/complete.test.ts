// "On the fixtures, all of them": every fixture of a network has a test file that counts its arrays (goldens.ts), so a new
// fixture or array without a comparison fails here.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { fixturePath } from '../fixtures.ts'

/** Fixtures of other parts: metrics, images, random numbers, the samplers' filters; tested where these live. */
const elsewhere = ['metrics', 'pil_images', 'sampling', 'seed_streams', 'torch_randn']

it('every fixture of a network is compared to the last array', () => {
  const here = new URL('.', import.meta.url)
  const sources = readdirSync(here)
    .filter((name) => name.endsWith('.test.ts') && name !== 'complete.test.ts')
    .map((name) => readFileSync(new URL(name, here), 'utf8'))
  const counted = sources.flatMap((source) =>
    Array.from(source.matchAll(/const (\w+) = goldens\('(\w+)'\)/g))
      .filter(([, variable]) => source.includes(`${variable}.allCompared()`))
      .map(([, , fixture]) => fixture!),
  )
  const fixtures = readdirSync(fixturePath(''))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.replace('.json', ''))
    .filter((name) => !elsewhere.includes(name) && name !== 'tables') // tables.json has no arrays: tables.test.ts
  expect(counted.toSorted()).toEqual(fixtures.toSorted())
})
