// Files whose sizes do not go together, and what is said where shapes cannot tell them.
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { openFile } from '../checkpoint/node/file-source.ts'
import type { Checkpoint } from '../checkpoint/types.ts'
import type { DistilledError } from '../core/errors.ts'
import { assembleModel } from './assemble.ts'

/** No tensor of it is read, so its file can be closed. */
async function embedded(name: string): Promise<Checkpoint> {
  const checkpoint = await openFile(fileURLToPath(new URL(`../../models/${name}.safetensors`, import.meta.url)))
  await checkpoint.close()
  return checkpoint
}

/** As somebody else saves such a network: the tensors alone. */
const bare = async (name: string): Promise<Checkpoint> => ({ ...(await embedded(name)), metadata: new Map() })

const failure = (work: () => unknown): DistilledError => {
  try {
    work()
  } catch (error) {
    return error as DistilledError
  }
  throw new Error('expected an error')
}

const hints = { heads: 5 } // nothing tells the 64 tokens, so there are 256

it('a LlamaGen student and a tokenizer of other images: the tokens may be others', async () => {
  const files = { student: await bare('sprites-llamagen-dd'), tokenizer: await embedded('sprites-llamagen-vq') }
  const error = failure(() => assembleModel(files, { hints }))
  expect(error.message).toMatch(
    /images of 32 pixels; together these files make 64\..*`config: \{ heads: 4, tokens: 16 \}`/,
  )
  expect(error.shellRemedy).toContain('--config FILE.json: {"heads": 4, "tokens": 16}')
  expect(assembleModel(files, { hints: { ...hints, tokens: 64 } }).family.imageSize).toBe(32)
})

it('a LlamaGen student and a teacher of other tokens: the tokens may be others', async () => {
  const student = await bare('sprites-llamagen-dd')
  const files = { student, teacher: await embedded('sprites-llamagen'), tokenizer: await bare('sprites-llamagen-vq') }
  const options = { hints: { ...hints } }
  const error = failure(() => assembleModel(files, options))
  expect(error.message).toMatch(/256 of them, but its teacher .*64 of them\. Shapes do not tell the tokens/)
  expect(error.shellRemedy).toContain('--config FILE.json')
})

it('files that say themselves how many tokens they have are asked for no config', async () => {
  const student = await embedded('sprites-llamagen-dd')
  const teacher = await embedded('sprites-llamagen')
  const tokenizer = await embedded('sprites-llamagen-vq')
  const metadata = new Map([...tokenizer.metadata, ['distilled.imageSize', '64']])
  const error = failure(() => assembleModel({ student, teacher, tokenizer: { ...tokenizer, metadata } }))
  expect(error.message).toContain(
    'images of 64 pixels; together these files make 32. Give files that were trained together.',
  )
})
