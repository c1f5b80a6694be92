// Checks of several settings together before a network is built: sides that halve evenly, heads that divide the width,
// a number of weights and a micro-batch that fit in memory. The range of a single setting is beside its default (settings.ts).

import { sizeOf } from '../core/dtype.ts'
import { UsageError } from '../core/errors.ts'
import type { Dataset } from '../data/dataset.ts'
import { groupSizes, type TokenizerArchitecture, type TransformerArchitecture } from '../models/architecture.ts'
import type { Pairs } from './read-pairs.ts'

/** Weights, their gradients, their average and two moments in float32: 20 bytes a parameter. */
const mostParameters = 1e9
/** float32 elements of one array of images; activations take many times as much. */
const mostPixels = 2 ** 28

/**
 * Whether a network of these shapes can be trained at all; before anything of its size is allocated.
 * @throws UsageError when weights, average and moments fit into no machine
 */
export function checkParameterCount(shapes: ReadonlyMap<string, readonly number[]>): void {
  let count = 0
  for (const shape of shapes.values()) count += sizeOf(shape)
  if (count <= mostParameters) return
  throw new UsageError(`A network of ${count} parameters cannot be trained here: ${mostParameters} are the limit.`, {
    remedy: 'Each takes 20 bytes of memory with its gradient, average and moments. Choose smaller sizes.',
  })
}

/** @throws UsageError when the images of one micro-batch do not fit into an array */
export function checkMicroBatch({ microBatch, imageSize }: { microBatch: number; imageSize: number }): void {
  if (microBatch * 3 * imageSize ** 2 <= mostPixels) return
  throw new UsageError(
    `A micro-batch of ${microBatch} images of ${imageSize} x ${imageSize} pixels is too large: ` +
      `${Math.floor(mostPixels / (3 * imageSize ** 2))} of that size are the limit.`,
    { remedy: 'Choose a smaller `microBatch`; the batch may stay, it is a multiple of it.' },
  )
}

/** @throws UsageError when the images do not halve three times, or there is nothing to tell apart */
export function checkClassifier({ name, classes, imageSize }: Dataset): void {
  if (imageSize % 8) {
    throw new UsageError(
      `A classifier halves its images three times, so their side (\`imageSize\`) has to be a multiple of 8; got ${imageSize}.`,
    )
  }
  if (classes.length > 1) return
  throw new UsageError(`${name} has one class, "${classes[0]}"; a classifier learns to tell two or more apart.`, {
    remedy:
      'Train it on other images, such as the drawn sprites (leave out `data`): what looks alike is much the same everywhere.',
  })
}

/** @throws UsageError when images do not halve as often as the levels want, or groups and scales do not fit */
export function checkTokenizer(architecture: TokenizerArchitecture, imageSize: number): void {
  const { ch, chMult, normGroups = 32 } = architecture
  const factor = 2 ** (chMult.length - 1)
  if (imageSize % factor) {
    throw new UsageError(
      `Images of ${imageSize} x ${imageSize} pixels do not fit ${chMult.length} levels of channels (\`chMult\`): the side ` +
        `is halved ${chMult.length - 1} times, so it has to be a multiple of ${factor}.`,
    )
  }
  const uneven = chMult.find((multiple) => (ch * multiple) % normGroups)
  if (uneven !== undefined) {
    throw new UsageError(
      `${normGroups} groups (\`normGroups\`) do not divide the ${ch * uneven} channels of a level (\`ch: ${ch}\` times ${uneven}).`,
    )
  }
  if (architecture.family === 'llamagen') return
  const side = imageSize / factor
  const { patchNums } = architecture
  if (patchNums.at(-1) === side && patchNums.every((p, i) => i === 0 || p > patchNums[i - 1]!)) return
  throw new UsageError(
    `The sides of the scales (\`patchNums\`) have to grow up to ${side}, the side of the features of images of ` +
      `${imageSize} x ${imageSize} pixels; got ${patchNums.join(',')}.`,
    { remedy: `For example ${[...growing(side)].join(',')}.` },
  )
}

/** Sides up to `side`, about as many more each time as the released models have. */
function* growing(side: number): Generator<number> {
  for (let now = 1; now < side; now = Math.ceil(now * 1.25 + 0.5)) yield now
  yield side
}

/** @throws UsageError when heads do not divide the width as attention and rotary positions want */
export function checkHeads(family: 'var' | 'llamagen', { dim, heads }: { dim: number; heads: number }): void {
  const each = family === 'llamagen' ? 4 : 1 // rows and columns have pairs of coordinates of their own
  if (dim % (heads * each) === 0) return
  throw new UsageError(
    `${heads} heads (\`heads\`) do not divide a width of ${dim} (\`dim\`)${each > 1 ? ` into multiples of ${each}` : ''}.`,
  )
}

interface StudentFiles {
  teacher: string
  tokenizer: string
  pairs: string
}

/**
 * Whether pairs were made with these very networks: a student trained with others would be useless, without an error.
 * @param hashes SHA-256 of both files
 * @throws UsageError that names files and hashes, or the count that differs
 */
export function checkPairs(
  pairs: Pairs,
  architecture: TransformerArchitecture,
  hashes: Omit<StudentFiles, 'pairs'>,
  files: StudentFiles,
): void {
  for (const role of ['teacher', 'tokenizer'] as const) {
    const made = pairs.settings[`${role}Sha256`]
    if (made === hashes[role]) continue
    throw new UsageError(
      `The pairs in ${files.pairs} were made with the ${role} ${pairs.settings[role]} of SHA-256 ${made}, ` +
        `but ${files[role]} has SHA-256 ${hashes[role]}.`,
      {
        remedy:
          `Name the ${role} that made them, or make pairs with this one in another folder. A run that was made longer keeps its ` +
          'earlier weights as model-<steps>.safetensors.',
      },
    )
  }
  const length = groupSizes(architecture).reduce((n, size) => n + size, 0)
  const { numClasses: classes, vocabSize: entries, channels } = architecture
  for (const [name, wanted] of Object.entries({ classes, entries, length, channels })) {
    const found = pairs[name as 'classes' | 'entries' | 'length' | 'channels']
    if (found === wanted) continue
    throw new UsageError(`The pairs in ${files.pairs} have ${name} ${found}; ${files.teacher} has ${wanted}.`, {
      remedy: 'Their manifest was changed. Make them again: distilled pairs',
    })
  }
}
