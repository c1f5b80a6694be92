// A state dict must hold exactly what its network needs: missing, misshapen and unexpected tensors are errors that
// name the tensor and the nearest match. Upstream loads with strict=False and goes on (docs/UPSTREAM.md).

import type { StateDict } from '../checkpoint/types.ts'
import { CheckpointError } from '../core/errors.ts'
import { quote } from '../core/show.ts'
import type { NetworkSpec } from './architecture.ts'
import { checkTensors } from './check-tensors.ts'
import { bufferShapes, expectedShapes } from './shapes.ts'
import { checkBounds } from './trained-facts.ts'

const LISTED = 3
const REMEDY = 'Is this the right checkpoint for the model? `distilled inspect FILE` shows what it holds.'

/** @throws CheckpointError unless `tensors` are those of `spec`; `ignored` names may be there or not */
export function checkStateDict(
  file: string,
  tensors: StateDict,
  spec: NetworkSpec,
  ignored: ReadonlySet<string> = new Set(),
): void {
  checkBounds(file, spec)
  const expected = expectedShapes(spec)
  checkTensors(file, tensors, expected, REMEDY)
  const buffers = bufferShapes(spec)
  const unexpected = [...tensors.keys()].filter(
    (name) => !expected.has(name) && !buffers.has(name) && !ignored.has(name),
  )
  if (unexpected.length) {
    const names = unexpected
      .slice(0, LISTED)
      .map((name) => quote(name))
      .join(', ')
    const more = unexpected.length > LISTED ? ` and ${unexpected.length - LISTED} more` : ''
    throw new CheckpointError(`${file}: ${names}${more} belong to no part of this network.`, { remedy: REMEDY })
  }
}
