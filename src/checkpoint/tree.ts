// Turns an unpickler's values into the tree of a checkpoint. Cycles and trees that grow by sharing are refused, tensors get their
// names, objects of unknown classes become their contents, and every dict that holds tensors is listed as a state dict.
import { sizeOf } from '../core/dtype.ts'
import { type FileError, list } from './file-error.ts'
import { Global, NumpyArray, NumpyType } from './globals.ts'
import { maxPathCharacters, maxTreeDepth, maxTreeValues } from './limits.ts'
import { LongText } from './long-text.ts'
import { isModule, moduleTensors } from './module.ts'
import { commonPrefix } from './prefix.ts'
import { StandIn } from './stand-in.ts'
import { StorageValue, tensorRef, Window } from './storage.ts'
import type { Key, NamedStateDict, NotRead, StateDict, TensorRef, Value, ValueMap } from './types.ts'

/** Tells a tensor from the other values of a tree. */
export function isTensor(value: Value): value is TensorRef {
  return typeof value === 'object' && value !== null && 'read' in value && 'dtype' in value
}

/** Tells what was not read from the other values of a tree. */
export function isNotRead(value: Value): value is NotRead {
  return typeof value === 'object' && value !== null && 'notRead' in value
}

/**
 * The tree with tensors named by their keys; shared parts appear at every place, objects of unknown classes and what lies in them
 * at the first.
 * @throws CheckpointError when it is cyclic, too deep, or shares parts until it explodes
 */
export function settle(root: unknown, fileError: FileError, place: string): Value {
  weigh(root, fileError, place)
  /** Objects, and containers inside of them, that stand in the tree already. */
  const placed = new Set<unknown>()
  const budget = { left: maxTreeValues }

  const convert = (value: unknown, name: string, depth: number, insideObject: boolean): Value => {
    const children = childrenOf(value)
    if (value instanceof StandIn && isEmpty(value)) return { notRead: value.toString() }
    if (value instanceof StandIn || (insideObject && children)) {
      const what = value instanceof StandIn ? value.name : 'a value'
      if (placed.has(value)) return { notRead: `${what} (the one above)` }
      if (depth > maxTreeDepth) return { notRead: `${what} (nested more than ${maxTreeDepth} deep)` }
      placed.add(value)
    }
    if (value instanceof StandIn) return convertObject(value, depth)
    if (value instanceof Map) return convertMap(value, depth, insideObject)
    if (children) return children.map((item, i) => convert(item, String(i), depth + 1, insideObject))
    if (value instanceof Window) return tensorRef(name, value)
    if (value instanceof StorageValue) return tensorRef(name, new Window(value.storage, [value.storage.numel], [1], 0))
    if (value instanceof NumpyArray && value.window) return tensorRef(name, value.window)
    if (value instanceof NumpyArray && value.unread) return { notRead: String(value.unread) }
    if (value instanceof LongText) return value.bytes
    if (value instanceof NumpyType) return String(value)
    if (value instanceof Global) return value.name
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value as Value
    throw fileError(place, 'finished values', `an unfinished one at ${list([name])}`)
  }

  const convertMap = (map: ReadonlyMap<unknown, unknown>, depth: number, insideObject: boolean): ValueMap => {
    const entries: ValueMap = new Map()
    for (const [key, item] of map) entries.set(key as Key, convert(item, String(key), depth + 1, insideObject))
    return entries
  }

  /** What an object holds: a module its tensors, a list its members, anything else its entries and attributes. */
  const convertObject = (object: StandIn, depth: number): Value => {
    if (isModule(object)) {
      const tensors = moduleTensors(object, budget)
      if (tensors.size) return convertMap(tensors, depth, false)
    }
    if (object.members.length) return object.members.map((item, i) => convert(item, String(i), depth + 1, true))
    const entries = convertMap(object.entries, depth, true)
    for (const part of attributesOf(object)) {
      if (placed.has(part)) continue
      placed.add(part)
      for (const [key, item] of part) {
        if (!entries.has(key as Key)) entries.set(key as Key, convert(item, String(key), depth + 1, true))
      }
    }
    return entries.size ? entries : { notRead: object.toString() }
  }

  return convert(root, '', 0, false)
}

const isEmpty = (object: StandIn): boolean =>
  !object.members.length && !object.entries.size && !attributesOf(object).length

/** Dicts that an object was made of: its only argument (frozen dicts, counters) and its state, which slots make a pair. */
function attributesOf({ args, state }: StandIn): Map<unknown, unknown>[] {
  const parts = [...(args.length === 1 ? args : []), state, ...(Array.isArray(state) ? state.slice(0, 2) : [])]
  return parts.filter((part) => part instanceof Map)
}

const childrenOf = (value: unknown): unknown[] | undefined => {
  if (Array.isArray(value)) return value
  return value instanceof Map || value instanceof Set ? [...value.values()] : undefined
}

/** A tensor weighs as much as three values, and as one more for each axis beyond the fourth. */
function valuesOf(value: unknown): number {
  const window = value instanceof NumpyArray ? value.window : value
  if (window instanceof StorageValue) return 3
  return window instanceof Window ? 3 + Math.max(0, window.shape.length - 4) : 1
}

interface Open {
  node: object
  children: unknown[]
  next: number
  values: number
  depth: number
}

/** Counts the values of the tree as if nothing were shared, in time linear in what there is and without recursion. */
function weigh(root: unknown, fileError: FileError, place: string): void {
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
        throw fileError(place, expected, `${open.values} values, ${open.depth} deep`)
      }
      done.set(open.node, { values: open.values, depth: open.depth })
      onPath.delete(open.node)
      path.pop()
      continue
    }
    const child = open.children[open.next]
    const children = childrenOf(child)
    if (children && onPath.has(child as object)) throw fileError(place, 'a tree', 'a container that contains itself')
    const weight = children ? done.get(child as object) : { values: valuesOf(child), depth: 0 }
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
    if (!(value instanceof Map) || path.length > maxPathCharacters) return
    const { tensors, prefix } = tensorsOf(value)
    if (tensors.size) found.push({ path, prefix, tensors, parameters: countParameters(tensors) })
    for (const [key, item] of value) {
      if (typeof key === 'string' && item instanceof Map) visit(item, path ? `${path}.${key}` : key)
    }
  }
  visit(root, '')
  return found
}

/** The tensors directly in a dict, by their names without the prefix that all keys of the dict have. */
export function tensorsOf(map: ValueMap): { tensors: StateDict; prefix: string } {
  const tensors = new Map<string, TensorRef>()
  for (const [key, value] of map) if (typeof key === 'string' && isTensor(value)) tensors.set(key, value)
  const prefix = tensors.size ? commonPrefix([...map.keys()]) : ''
  if (prefix === '') return { tensors, prefix }
  const renamed = Array.from(tensors, ([key, tensor]): [string, TensorRef] => {
    const name = key.slice(prefix.length)
    return [name, { ...tensor, name }]
  })
  return { tensors: new Map(renamed), prefix }
}

export function countParameters(tensors: StateDict): number {
  let parameters = 0
  for (const { shape } of tensors.values()) parameters += sizeOf(shape)
  return parameters
}
