// From what an unpickler built to the tree of a checkpoint: cycles and explosions are refused, tensors get their names,
// and every dict that holds tensors is listed as a state dict.
import { sizeOf } from '../core/dtype.ts'
import { type Complain, list } from './complain.ts'
import { Global, NumpyArray } from './globals.ts'
import { maxTreeDepth, maxTreeValues } from './limits.ts'
import { StorageValue, tensorRef, Window } from './storage.ts'
import type { Key, NamedStateDict, StateDict, TensorRef, Value, ValueMap } from './types.ts'

/** Tells a tensor from the other values of a tree. */
export function isTensor(value: Value): value is TensorRef {
  return typeof value === 'object' && value !== null && 'read' in value && 'dtype' in value
}

/**
 * The tree with tensors named by their keys; shared parts appear at every place.
 * @throws CheckpointError when it is cyclic, too deep, or shares parts until it explodes
 */
export function settle(root: unknown, complain: Complain, place: string): Value {
  weigh(root, complain, place)
  return convert(root, '', complain, place)
}

function convert(value: unknown, name: string, complain: Complain, place: string): Value {
  if (Array.isArray(value) || value instanceof Set) {
    return Array.from(value, (item, i) => convert(item, String(i), complain, place))
  }
  if (value instanceof Map) {
    const map: ValueMap = new Map()
    for (const [key, item] of value) map.set(key as Key, convert(item, String(key), complain, place))
    return map
  }
  if (value instanceof Window) return tensorRef(name, value)
  if (value instanceof StorageValue) return tensorRef(name, new Window(value.storage, [value.storage.numel], [1], 0))
  if (value instanceof NumpyArray && value.window) return tensorRef(name, value.window)
  if (value instanceof Global) return value.name
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value as Value
  throw complain(place, 'finished values', `an unfinished one at ${list([name])}`)
}

const childrenOf = (value: unknown): unknown[] | undefined => {
  if (Array.isArray(value)) return value
  return value instanceof Map || value instanceof Set ? [...value.values()] : undefined
}

interface Open {
  node: object
  children: unknown[]
  next: number
  values: number
  depth: number
}

/** Counts the values of the tree as if nothing were shared, in time linear in what there is and without recursion. */
function weigh(root: unknown, complain: Complain, place: string): void {
  const done = new Map<object, { values: number; depth: number }>()
  const onPath = new Set<object>()
  const path: Open[] = []
  const enter = (node: object, children: unknown[]) => {
    onPath.add(node)
    path.push({ node, children, next: 0, values: 1, depth: 1 })
  }
  const top = childrenOf(root)
  if (top) enter(root as object, top)
  while (path.length) {
    const open = path.at(-1)!
    if (open.next === open.children.length) {
      if (open.values > maxTreeValues || open.depth > maxTreeDepth) {
        const expected = `at most ${maxTreeValues} values, nested at most ${maxTreeDepth} deep`
        throw complain(place, expected, `${open.values} values, ${open.depth} deep`)
      }
      done.set(open.node, { values: open.values, depth: open.depth })
      onPath.delete(open.node)
      path.pop()
      continue
    }
    const child = open.children[open.next]
    const children = childrenOf(child)
    if (children && onPath.has(child as object)) throw complain(place, 'a tree', 'a container that contains itself')
    const weight = children ? done.get(child as object) : { values: 1, depth: 0 }
    if (!weight) {
      enter(child as object, children!)
      continue
    }
    open.next++
    open.values += weight.values
    open.depth = Math.max(open.depth, weight.depth + 1)
  }
}

/** Every dict with tensors in it, in file order; dicts inside lists or under keys that are no names are not listed. */
export function findStateDicts(root: Value): NamedStateDict[] {
  const found: NamedStateDict[] = []
  const visit = (value: Value, path: string) => {
    if (!(value instanceof Map)) return
    const tensors = tensorsOf(value)
    if (tensors.size) found.push({ path, tensors, parameters: countParameters(tensors) })
    for (const [key, item] of value) if (typeof key === 'string') visit(item, path ? `${path}.${key}` : key)
  }
  visit(root, '')
  return found
}

/** The tensors directly in a dict. */
export function tensorsOf(map: ValueMap): StateDict {
  const tensors = new Map<string, TensorRef>()
  for (const [key, value] of map) if (typeof key === 'string' && isTensor(value)) tensors.set(key, value)
  return tensors
}

export function countParameters(tensors: StateDict): number {
  let parameters = 0
  for (const { shape } of tensors.values()) parameters += sizeOf(shape)
  return parameters
}
