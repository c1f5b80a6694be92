// A file must hold the tensors that a network is built of: what is missing or misshapen is an error that names the
// tensor, what was expected and what is there instead.

import type { StateDict } from '../checkpoint/types.ts'
import { CheckpointError, nearest } from '../core/errors.ts'

/**
 * @param remedy what to do when they are not there
 * @throws CheckpointError unless `tensors` hold all `expected` names in their shapes; others may be there, too
 */
export function checkTensors(
  file: string,
  tensors: StateDict,
  expected: ReadonlyMap<string, readonly number[]>,
  remedy: string,
): void {
  const missing = [...expected].filter(([name]) => !tensors.has(name))
  if (missing.length) {
    const [name, shape] = missing[0]!
    const others = [...tensors.keys()].filter((key) => !expected.has(key))
    const similar = nearest(name, others)
    const more = missing.length > 1 ? ` (and ${missing.length - 1} more)` : ''
    const hint = similar ? ` The file holds "${similar}".` : ''
    throw new CheckpointError(`${file}: no tensor "${name}" (expected float32 [${shape.join(', ')}])${more}.${hint}`, {
      remedy,
    })
  }
  for (const [name, shape] of expected) {
    const found = tensors.get(name)!.shape
    if (found.join() === shape.join()) continue
    throw new CheckpointError(
      `${file}: tensor "${name}" has shape [${found.join(', ')}], expected [${shape.join(', ')}].`,
      { remedy },
    )
  }
}
