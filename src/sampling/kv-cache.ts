// The teacher's keys and values between passes: they stay with the engine, and the `present` outputs of one pass are
// the `past` inputs of the next.

import { type HostTensor, int64, type Value } from '../engine/types.ts'

/** Names of all cache tensors: present.0.key, present.0.value, present.1.key ... */
export const cacheNames = (when: 'past' | 'present', layers: number): string[] =>
  Array.from({ length: layers }, (_, i) => [`${when}.${i}.key`, `${when}.${i}.value`]).flat()

/** The outputs of one pass as the inputs of the next. */
export const renamedCache = (cache: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(cache).map(([name, value]) => [name.replace('present', 'past'), value]))

export function disposeCache(cache: Readonly<Record<string, Value>>): void {
  for (const value of Object.values(cache)) if ('resident' in value) value.dispose()
}

/** Conditional labels first, then as many unconditional ones (the class after the last) when guided. */
export function guidedLabels(labels: readonly number[], unconditional: number, guided: boolean): HostTensor {
  return int64(guided ? [...labels, ...labels.map(() => unconditional)] : labels)
}
