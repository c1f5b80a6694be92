// What `distilled inspect` says about a file: plain JSON, and the same as lines to read.
// Everything from the file is bounded and escaped: a hostile name must not reach a terminal as it is.
import { type DType, dtypeSize, sizeOf } from '../core/dtype.ts'
import { plural } from '../core/format.ts'
import { quote } from './file-error.ts'
import { type Guess, guessModel } from './guess.ts'
import { maxPathCharacters } from './limits.ts'
import { isNotRead, isTensor } from './tree.ts'
import type { Checkpoint, Format, StateDict, Value } from './types.ts'

export { type Guess, guessModel } from './guess.ts'

export interface TensorDescription {
  name: string
  dtype: DType
  shape: number[]
}

export interface CheckpointDescription {
  file: string
  /** Bytes of the file. */
  size: number
  format: Format
  metadata: Record<string, string>
  stateDicts: {
    path: string
    /** The common prefix of all names in the file, which is removed here. */
    prefix: string
    model: Guess
    parameters: number
    bytes: number
    tensors: TensorDescription[]
  }[]
  /** What else the tree holds, in file order; at most `maxValues` of them. */
  values: { path: string; value: string | number | boolean | null }[]
  /** Classes and functions of the file that are unknown here; none of them was run. */
  notRead: string[]
}

const maxValues = 200

/**
 * Everything worth knowing about an open checkpoint, as a plain value for JSON. Reads no tensor.
 * @example
 * console.log(JSON.stringify(describeCheckpoint(checkpoint)))
 */
export function describeCheckpoint(checkpoint: Checkpoint): CheckpointDescription {
  return {
    file: checkpoint.name,
    size: checkpoint.size,
    format: checkpoint.format,
    metadata: Object.fromEntries([...checkpoint.metadata].slice(0, maxValues).map(([key, value]) => [key, cut(value)])),
    stateDicts: checkpoint.stateDicts.map(({ path, prefix, tensors, parameters }) => ({
      path,
      prefix,
      model: guessModel(tensors),
      parameters,
      bytes: bytesOf(tensors),
      tensors: Array.from(tensors.values(), ({ name, dtype, shape }) => ({
        name: cut(name),
        dtype,
        shape: [...shape],
      })),
    })),
    values: leavesOf(checkpoint.root),
    notRead: [...checkpoint.notRead],
  }
}

function bytesOf(tensors: StateDict): number {
  let bytes = 0
  for (const { dtype, shape } of tensors.values()) bytes += sizeOf(shape) * dtypeSize[dtype]
  return bytes
}

function leavesOf(root: Value): CheckpointDescription['values'] {
  const leaves: CheckpointDescription['values'] = []
  const visit = (value: Value, path: string) => {
    if (leaves.length === maxValues) return
    if (value instanceof Map) {
      for (const [key, item] of value) {
        if (leaves.length === maxValues) return
        if (!isTensor(item)) visit(item, `${path ? `${path}.` : ''}${key}`.slice(0, maxPathCharacters))
      }
    } else {
      leaves.push({ path, value: leaf(value) })
    }
  }
  visit(root, '')
  return leaves
}

const cut = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}...` : text)

function leaf(value: Exclude<Value, Map<unknown, unknown>>): string | number | boolean | null {
  if (typeof value === 'string') return cut(value)
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) {
    const isShort = value.length <= 20 && value.every((item) => typeof item === 'number' || typeof item === 'string')
    return isShort ? `[${value.map((item) => String(item).slice(0, 20)).join(', ')}]` : `a list of ${value.length}`
  }
  if (isNotRead(value)) return `not read: ${cut(value.notRead)}`
  return typeof value === 'object' && value !== null ? `a tensor ${value.dtype} [${value.shape.join(', ')}]` : value
}

/**
 * The description as lines: the file, every state dict with its tensors, then the other values.
 * @example
 * console.log(formatDescription(describeCheckpoint(checkpoint)))
 */
export function formatDescription(description: CheckpointDescription): string {
  const lines = [`${printable(description.file)}: ${description.format}, ${bytes(description.size)}`]
  for (const [key, value] of Object.entries(description.metadata))
    lines.push(`  ${printable(key)}: ${printable(value)}`)
  for (const { path, prefix, model, parameters, bytes: size, tensors } of description.stateDicts) {
    const elements = `${parameters.toLocaleString('en')} element${parameters === 1 ? '' : 's'}`
    const counts = `${plural(tensors.length, 'tensor')}, ${elements}, ${bytes(size)}`
    lines.push('', `${path === '' ? '(root)' : printable(path)}: ${modelLine(model)}; ${counts}`)
    if (prefix) lines.push(`  (in the file every name begins with ${quote(prefix)})`)
    const width = tensors.reduce((longest, { name }) => Math.min(60, Math.max(longest, printable(name).length)), 0)
    for (const { name, dtype, shape } of tensors) {
      lines.push(`  ${printable(name).padEnd(width)}  ${dtype} [${shape.join(', ')}]`)
    }
  }
  if (description.values.length) lines.push('', 'other values')
  for (const { path, value } of description.values) lines.push(`  ${printable(path)}: ${printable(String(value))}`)
  if (description.notRead.length) lines.push('', `not read: ${description.notRead.map(printable).join(', ')}`)
  return lines.join('\n')
}

function modelLine({ label, kind, depth, width, heads, tokens, codebook }: Guess): string {
  if (kind === 'unknown') return 'no model known here'
  const facts = [
    depth !== undefined && `depth ${depth}`,
    width !== undefined && `width ${width}`,
    heads !== undefined && plural(heads, 'head'),
    tokens !== undefined && plural(tokens, 'token'),
    codebook && `codebook ${codebook.join(' x ')}`,
  ].filter(Boolean)
  return `looks like ${label}${facts.length ? ` (${facts.join(', ')})` : ''}`
}

const printable = (text: string): string => quote(text, 200).slice(1, -1).replaceAll('\\"', '"')

function bytes(count: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = count < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(count) / 10))
  return power === 0 ? `${count} bytes` : `${(count / 1024 ** power).toFixed(1)} ${units[power]}`
}
