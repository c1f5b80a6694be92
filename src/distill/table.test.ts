// The table of a reproduction and `distilled evaluate` measure the same thing: a row is what evaluate prints for its sampler.
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { distilledJson } from '../../test/cli/command-line.ts'
import { sharedEngine } from '../../test/evaluate.ts'
import { sprites } from '../data/node/sprites.ts'
import { spritesReader } from '../evaluate/node/sprites-reader.ts'
import type { TokenizerArchitecture, TransformerArchitecture } from '../models/architecture.ts'
import { recipes } from './recipes.ts'
import { comparisonTable } from './table.ts'
import { readTrained } from './trained-file.ts'

const file = (name: string) => fileURLToPath(new URL(`../../models/sprites-${name}.safetensors`, import.meta.url))
const count = 240

it('a row is what distilled evaluate prints with balanced labels and seed 5', { timeout: 120_000 }, async () => {
  const engine = await sharedEngine()
  await using reader = await spritesReader(engine)
  const [tokenizer, student] = [
    await readTrained(file('var-vqvae'), 'tokenizer'),
    await readTrained(file('var-dd'), 'student'),
  ]
  const rows = await comparisonTable({
    engine,
    reader,
    parts: {
      tokenizer: { ...tokenizer, architecture: tokenizer.architecture as TokenizerArchitecture },
      student: { ...student, architecture: student.architecture as TransformerArchitecture },
    },
    reference: sprites({ seed: 1000 }),
    samplers: [{ name: 'one step', plan: { kind: 'student', timesteps: [0], split: 3 } }],
    skips: [],
    count,
    seed: 5,
    batch: 8, // as evaluate samples: batch size moves the last bits
  })
  const flags = ['--labels', 'balanced', '--seed', '5', '--count', `${count}`, '--device', 'cpu', '--threads', '1']
  const { metrics } = await distilledJson('evaluate', '--model', 'sprites-var-dd', ...flags)
  const { frechet, precision, recall, accuracy } = rows[0]!
  expect(frechet).toBeCloseTo(metrics.fid, 3)
  expect({ precision, recall, accuracy }).toEqual({
    precision: metrics.precision,
    recall: metrics.recall,
    accuracy: metrics.accuracy,
  })
})

it('has as many images a row as evaluate takes when nothing is said: balanced over twelve classes', () => {
  for (const { table } of Object.values(recipes)) expect(table.count).toBe(9996)
})
