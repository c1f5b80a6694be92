import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CheckpointError } from '../core/errors.ts'
import { trainedFacts } from './trained-facts.ts'

/** The metadata of an embedded model. */
function metadataOf(name: string): Record<string, string> {
  const bytes = readFileSync(new URL(`../../models/${name}.safetensors`, import.meta.url))
  return JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString()).__metadata__
}

const read = (metadata: Record<string, string>) => trainedFacts('x.safetensors', new Map(Object.entries(metadata)))

function withArchitecture(name: string, change: object): Record<string, string> {
  const metadata = metadataOf(name)
  const architecture = JSON.stringify({ ...JSON.parse(metadata['distilled.architecture']!), ...change })
  return { ...metadata, 'distilled.architecture': architecture }
}

it.each([
  ['sprites-classifier', 'classifier', undefined],
  ['sprites-var-vqvae', 'tokenizer', undefined],
  ['sprites-var', 'teacher', undefined],
  ['sprites-var-dd', 'student', { timesteps: [0, 3], split: 3 }],
  ['sprites-llamagen-dd', 'student', { timesteps: [0, 24], split: 24 }],
])('reads what %s says of itself', (name, kind, sampling) => {
  const facts = read(metadataOf(name))!
  expect(facts).toMatchObject({ kind, imageSize: 32 })
  expect(facts.architecture).toEqual(JSON.parse(metadataOf(name)['distilled.architecture']!))
  expect(facts.classes).toHaveLength(12)
  expect(facts.sampling).toEqual(sampling)
})

it('is silent on files of others', () => {
  expect(read({ format: 'pt' })).toBeUndefined()
})

it.each([
  ['sprites-var-dd', { depth: 10 ** 6 }, 'depth'],
  ['sprites-llamagen-dd', { layers: 10 ** 9 }, 'layers'],
  ['sprites-llamagen-dd', { tokens: 10 ** 5 }, 'tokens'],
  ['sprites-llamagen-dd', { tokens: -1 }, 'tokens'],
  ['sprites-llamagen-dd', { heads: 2.5 }, 'heads'],
  ['sprites-var-vqvae', { chMult: new Array(10 ** 5).fill(1) }, 'chMult'],
  ['sprites-var-vqvae', { shareQuantResi: 10 ** 9 }, 'shareQuantResi'],
  ['sprites-var-vqvae', { resBlocks: 10 ** 9 }, 'resBlocks'],
  ['sprites-var-vqvae', { normGroups: -8 }, 'normGroups'],
  ['sprites-var-dd', { patchNums: null }, 'patchNums'],
  ['sprites-var-dd', { patchNums: 'x' }, 'patchNums'],
  ['sprites-var-dd', { patchNums: [1, -2, 3, 4, 6, 8] }, 'patchNums.1'],
  ['sprites-var-dd', { family: 'gpt' }, 'family'],
  ['sprites-var-dd', { family: 'llamagen' }, 'layers'],
])('refuses %s with %j, and says where', (name, change, place) => {
  const bad = withArchitecture(name, change)
  expect(() => read(bad)).toThrow(CheckpointError)
  expect(() => read(bad)).toThrow(`x.safetensors: metadata "distilled.architecture", ${place}`)
})

it.each([
  ['sprites-var-vqvae', { normGroups: 7 }, 'expected normGroups to divide the channels of every level'],
  ['sprites-var-dd', { channels: 4096, patchNums: [512] }, 'expected tokens x channels to be at most 4194304'],
])('refuses %s with %j, whose numbers contradict each other', (name, change, message) => {
  const bad = withArchitecture(name, change)
  expect(() => read(bad)).toThrow(`x.safetensors: metadata "distilled.architecture": ${message}`)
})

it.each([
  [{ 'distilled.kind': 'virus' }, 'distilled.kind'],
  [{ 'distilled.classes': '[1, 2]' }, 'distilled.classes", 0'],
  [{ 'distilled.classes': '["fish"]' }, 'names 1 classes, its architecture has 12'],
  [{ 'distilled.imageSize': '"32"' }, 'distilled.imageSize'],
  [{ 'distilled.architecture': 'x' }, 'is no JSON'],
  [{ 'distilled.run': ' '.repeat(2 ** 20 + 1) }, 'more than 1048576'],
  [{ 'distilled.run': '{"settings": {"timesteps": [0, 3, 2], "split": 3}}' }, 'timesteps: expected to rise from 0'],
  [{ 'distilled.run': '{"settings": {"timesteps": [0], "split": -1}}' }, 'split'],
])('refuses %j', (change, message) => {
  expect(() => read({ ...metadataOf('sprites-var-dd'), ...change })).toThrow(CheckpointError)
  expect(() => read({ ...metadataOf('sprites-var-dd'), ...change })).toThrow(message)
})
