// Opens a file in memory and reads every tensor in it: what a careless program would do with a hostile file.
import { openCheckpoint } from '../../src/checkpoint/checkpoint.ts'
import { describeCheckpoint, formatDescription } from '../../src/checkpoint/describe.ts'
import { bufferSource } from '../../src/checkpoint/sources.ts'
import { sizeOf } from '../../src/core/dtype.ts'

/** The text `distilled inspect` would print, after reading tensors of up to 16 MiB in all. */
export async function openAll(name: string, bytes: Uint8Array): Promise<string> {
  const checkpoint = await openCheckpoint(bufferSource(name, bytes))
  let left = 2 ** 24
  for (const { tensors } of checkpoint.stateDicts) {
    for (const tensor of tensors.values()) {
      left -= 8 * sizeOf(tensor.shape)
      if (left > 0) await tensor.read()
    }
  }
  return formatDescription(describeCheckpoint(checkpoint))
}
