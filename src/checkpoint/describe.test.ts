import { describe, expect, test } from 'vitest'
import { fixturePath } from '../../test/fixtures.ts'
import { op, tensor, torchZip } from '../../test/hostile/pickle-builder.ts'
import { openCheckpoint } from './checkpoint.ts'
import { describeCheckpoint, formatDescription, guessModel } from './describe.ts'
import { openFile } from './node/file-source.ts'
import { bufferSource } from './sources.ts'

const { dict, int, list, pickle, text } = op
const open = (bytes: Uint8Array) => openCheckpoint(bufferSource('test.pth', bytes))

test.each([
  ['var_tiny_dd.pth', { kind: 'var-dd', label: 'VAR-DD-d3', depth: 3, width: 192, heads: 3 }],
  ['var_micro_legacy.pth', { kind: 'var-dd', label: 'VAR-DD-d1', depth: 1, width: 64, heads: 1 }],
  ['var_tiny_teacher.pth', { kind: 'var', label: 'VAR-d3', depth: 3, width: 192, heads: 3 }],
  ['var_tiny_vqvae.pth', { kind: 'var-vqvae', label: 'VAR VQVAE', codebook: [128, 16] }],
  ['llamagen_tiny_dd.pt', { kind: 'llamagen-dd', label: 'LlamaGen-DD', depth: 3, width: 128 }],
  ['llamagen_tiny_teacher.pt', { kind: 'llamagen', label: 'LlamaGen', depth: 3, width: 128 }],
  ['llamagen_tiny_vq.pt', { kind: 'llamagen-vq', label: 'LlamaGen VQ', codebook: [256, 8] }],
  ['metrics_statistic.pth', { kind: 'fid-statistics', label: 'FID statistics' }],
  ['metrics_reference.npz', { kind: 'fid-statistics', label: 'FID statistics' }],
])('%s is recognised', async (file, guess) => {
  const checkpoint = await openFile(fixturePath(file))
  expect(guessModel(checkpoint.stateDicts[0]!.tensors)).toEqual(guess)
  await checkpoint.close()
})

test('the released sizes of LlamaGen have their letters', () => {
  const shapes: [string, number[]][] = [
    ['norm.weight', [1024]],
    ['output.weight', [16384, 1024]],
  ]
  for (let i = 0; i < 24; i++) shapes.push([`layers.${i}.attention.wqkv.weight`, [3072, 1024]])
  const read = async () => new Uint8Array()
  const tensors = new Map(shapes.map(([name, shape]) => [name, { name, shape, dtype: 'float32' as const, read }]))
  expect(guessModel(tensors)).toMatchObject({ label: 'LlamaGen-L', depth: 24 })
})

test('other tensors are of no model known here', async () => {
  const checkpoint = await open(torchZip(pickle(dict(text('w'), tensor()))))
  expect(guessModel(checkpoint.tensors())).toEqual({ kind: 'unknown', label: 'unknown' })
})

describe('a description', () => {
  test('is plain JSON', async () => {
    const checkpoint = await openFile(fixturePath('llamagen_micro_trainstate.pt'))
    const description = describeCheckpoint(checkpoint)
    expect(JSON.parse(JSON.stringify(description))).toEqual(description)
    expect(description.stateDicts[1]).toMatchObject({ path: 'ema', parameters: 37_992, bytes: 4 * 37_992 })
    expect(description.values).toContainEqual({ path: 'args.gpt_model', value: 'GPT-B' })
    expect(description.values).toContainEqual({ path: 'steps', value: 1000 })
    await checkpoint.close()
  })

  test('reads as lines', async () => {
    const checkpoint = await openFile(fixturePath('var_tiny_dd.pth'))
    const lines = formatDescription(describeCheckpoint(checkpoint)).split('\n')
    expect(lines[0]).toBe('var_tiny_dd.pth: torch zip, 8.9 MiB')
    expect(lines).toContainEqual(expect.stringMatching(/^trainer\.ema_parameters: looks like VAR-DD-d3 \(depth 3/))
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}head\.weight +float32 \[128, 192\]$/))
    expect(lines).toContainEqual('  trainer.config.patch_nums: [1, 2, 3, 4]')
    await checkpoint.close()
  })

  test('is bounded and harmless to a terminal', async () => {
    const evil = '\u001b[2Jcleared\u009b31m\u202e'
    const many = Array.from({ length: 1000 }, (_, i) => [text(`k${i}`), int(i)]).flat()
    const items = [text(evil), tensor(), text('s'), text('x'.repeat(5000)), text('l'), list(...many)]
    const description = describeCheckpoint(await open(torchZip(pickle(dict(...items, ...many)))))
    expect(description.values.length).toBe(200)
    expect(JSON.stringify(description).length).toBeLessThan(20_000)
    const lines = formatDescription(description)
    for (const character of '\u001b\u009b\u202e') expect(lines).not.toContain(character)
  })
})
