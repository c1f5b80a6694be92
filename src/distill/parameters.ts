// Initial values of a network's parameters, each a function of (seed, name), so that they do not depend on the other
// parameters. Rules as in upstream's init: VAR/models/var.py:init_weights, LlamaGen gpt.py:initialize_weights,
// torch's defaults for convolutions.

import { noise, uniforms } from '../core/random/philox.ts'
import { checkParameterCount } from './setting-checks.ts'
import type { HostTensor } from './weights-file.ts'

/** How a parameter starts. */
export type Init =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly std: number }
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'each'; value(index: number, count: number): number }

export const constantInit = (value: number): Init => ({ kind: 'constant', value })
export const normalInit = (std: number): Init => ({ kind: 'normal', std })
export const uniformInit = (bound: number): Init => ({ kind: 'uniform', bound })

/** A value for every element by its place among `count`. */
export const eachInit = (value: (index: number, count: number) => number): Init => ({ kind: 'each', value })

/** Parameters that a trainer may change, by name. */
export type Parameters = Map<string, HostTensor>

/**
 * Fills every shape by its rule.
 * @throws UsageError when the shapes are more than can be trained
 * @example
 * initialise(new Map([['w', [2, 3]]]), () => normalInit(0.02), 0).get('w').data.length // 6
 */
export function initialise(
  shapes: ReadonlyMap<string, readonly number[]>,
  rule: (name: string, shape: readonly number[]) => Init,
  seed: number,
): Parameters {
  checkParameterCount(shapes)
  return new Map(
    Array.from(shapes, ([name, shape]) => [name, { shape, data: fill(rule(name, shape), size(shape), seed, name) }]),
  )
}

const size = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1)

function fill(init: Init, n: number, seed: number, name: string): Float32Array {
  if (init.kind === 'constant') return new Float32Array(n).fill(init.value)
  if (init.kind === 'each') return Float32Array.from({ length: n }, (_, i) => init.value(i, n))
  if (init.kind === 'normal') return noise(seed, streamOf(name), n).map((x) => x * init.std)
  return Float32Array.from(uniforms(seed, streamOf(name), 0, n), (u) => (2 * u - 1) * init.bound)
}

/** FNV-1a: names to numbers below 2^32. */
function streamOf(name: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

/** PyTorch's default for convolutions and linear layers: uniform within 1 / sqrt(inputs of an output). */
export function torchDefault(name: string, shape: readonly number[]): Init {
  if (shape.length === 1) return constantInit(/norm.*weight$/.test(name) ? 1 : 0)
  return uniformInit(1 / Math.sqrt(shape.slice(1).reduce((n, d) => n * d, 1)))
}
