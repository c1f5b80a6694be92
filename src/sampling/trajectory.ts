// The states X_t between noise and data (docs/METHOD.md): the first t token groups are data, the others still noise.

import { type Family, tokensBefore } from './family.ts'

/**
 * All states of a sequence, float32 [groups + 1, L, C]: X_0 is the noise, the last one the data.
 * @param noise float32 [L, C]
 * @param data float32 [L, C]
 * @see https://arxiv.org/abs/2412.17153
 * @example
 * const family = { groups: [1, 1], channels: 1 }
 * trajectoryStates(family, Float32Array.of(1, 2), Float32Array.of(3, 4)) // [1, 2, 3, 2, 3, 4]
 */
export function trajectoryStates(
  family: Pick<Family, 'groups' | 'channels'>,
  noise: Float32Array,
  data: Float32Array,
): Float32Array {
  const states = new Float32Array((family.groups.length + 1) * data.length)
  for (let timestep = 0; timestep <= family.groups.length; timestep++) {
    states.set(noise, timestep * data.length)
    states.set(data.subarray(0, tokensBefore(family, timestep) * family.channels), timestep * data.length)
  }
  return states
}
