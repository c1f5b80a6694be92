// A stand-in for an object of a class that this reader does not know: the class's dotted name and the data from the pickle.
// Nothing of the class is imported or run; a subclass of dict or list keeps its items, a module keeps its tensors.
import { show } from '../core/show.ts'
import { maxNameCharacters, maxNameWords } from './limits.ts'
import type { Key } from './types.ts'

export class StandIn {
  /** The dotted name of its class or of the function that would have made it. */
  readonly name: string
  /** Arguments with which the class or function would have been called. */
  readonly args: readonly unknown[]
  /** Entries that were set on it, as on a dict. */
  readonly entries = new Map<Key, unknown>()
  /** Members that were appended or added to it, as to a list or a set. */
  readonly members: unknown[] = []
  /** The state that its __setstate__ would have got. */
  state: unknown

  constructor(name: string, args: readonly unknown[] = []) {
    this.name = name
    this.args = args
  }

  /** The name with its arguments, e.g. `pathlib.PosixPath("/", "data")`. */
  toString(): string {
    if (this.args.length === 0) return this.name
    return `${this.name}(${this.args.slice(0, 8).map(label).join(', ')}${this.args.length > 8 ? ', ...' : ''})`
  }
}

/** A value as the argument of a stand-in or the key of a dict: classes and objects by their names. */
export function label(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return show(value)
  if ('name' in value) return String(value.name)
  if (value instanceof Map || value instanceof Set) return `a ${value instanceof Map ? 'dict' : 'set'} of ${value.size}`
  return 'strides' in value ? 'a tensor' : show(value)
}

/** Whether a module and a name could be those of a Python class: words between dots. */
export function isDottedName(module: string, name: string): boolean {
  if (module.length + name.length >= maxNameCharacters) return false
  return `${module}.${name}`.split('.').length <= maxNameWords && words.test(module) && words.test(name)
}

const words = /^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*$/u
