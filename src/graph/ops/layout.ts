// Ops that move elements and compute nothing: reshape, transpose, slice, concat, split, gather, expand.

import { ShapeError } from '../../core/errors.ts'
import {
  axisOf,
  broadcast,
  type Cotangents,
  constant,
  type Dim,
  emit,
  emitMany,
  fixed,
  type Shape,
  show,
  type Tensor,
} from '../tensor.ts'
import { unbroadcast } from './broadcasting.ts'

const symbols = (shape: Shape) =>
  shape
    .filter((d) => typeof d === 'string')
    .toSorted()
    .join()
const product = (shape: Shape) => shape.reduce<number>((n, d) => (typeof d === 'number' ? n * d : n), 1)

/**
 * Reshapes in row-major order. At most one open dimension may move or change its name (ONNX's -1);
 * open dimensions that stay at their index are copied (ONNX's 0).
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (symbols(x.shape) === symbols(shape) && product(x.shape) !== product(shape)) {
    throw new ShapeError(`reshape: ${show(x)} does not hold the elements of [${shape.join(', ')}].`)
  }
  const target = shape.map((d, i) => (typeof d === 'number' ? d : d === x.shape[i] ? 0 : -1))
  if (target.filter((d) => d === -1).length > 1) {
    throw new ShapeError(`reshape: ${show(x)} to [${shape.join(', ')}] leaves more than one dimension open.`)
  }
  const inputs = [x, constant(target, [target.length], 'int64')]
  return emit({ type: 'Reshape', inputs, vjp: (g) => [reshape(g, x.shape)] }, shape, x.dtype)
}

/** All leading dimensions of x [..., in] as one. */
export function rowsOf(x: Tensor): Dim {
  const lead = x.shape.slice(0, -1)
  return lead.every((d) => typeof d === 'number') ? lead.reduce<number>((n, d) => n * d, 1) : lead.join('*')
}

/** x [..., in] as rows [rows, in]. */
export const flatten = (x: Tensor): Tensor => reshape(x, [rowsOf(x), x.shape.at(-1)!])

/** Gives x [rows, out] the leading dimensions of `like`, however many of them are open. */
export function unflatten(x: Tensor, like: Tensor): Tensor {
  const shape: Shape = [...like.shape.slice(0, -1), x.shape.at(-1)!]
  const open = shape.filter((d, i) => typeof d === 'string' && d !== x.shape[i])
  if (open.length <= 1) return reshape(x, shape)
  const lead = emit({ type: 'Shape', inputs: [like], attributes: { end: -1 } }, [like.shape.length - 1], 'int64')
  const target = concat([lead, constant([fixed('unflatten', x, -1)], [1], 'int64')], 0)
  // A dimension of 0 is an empty one here, not ONNX's "copy".
  const spec = { type: 'Reshape', inputs: [x, target], attributes: { allowzero: 1 } }
  return emit({ ...spec, vjp: (g) => [reshape(g, x.shape)] }, shape, x.dtype)
}

/** Permutes the axes. */
export function transpose(x: Tensor, perm: readonly number[]): Tensor {
  if (perm.toSorted((a, b) => a - b).join() !== [...x.shape.keys()].join())
    throw new ShapeError(`transpose: [${perm}] does not permute ${show(x)}.`)
  const shape = perm.map((axis) => x.shape[axis]!)
  const inverse = perm.map((_, axis) => perm.indexOf(axis))
  return emit(
    { type: 'Transpose', inputs: [x], attributes: { perm }, vjp: (g) => [transpose(g, inverse)] },
    shape,
    x.dtype,
  )
}

/** Elements start..end of one axis (end exclusive). */
export function slice(x: Tensor, axis: number, start: number, end: number, step = 1): Tensor {
  const a = axisOf('slice', x, axis)
  const size = x.shape[a]
  if (start === 0 && end === size && step === 1) return x
  if (typeof size === 'number' && (start < 0 || end > size || start >= end)) {
    throw new ShapeError(`slice: ${start}..${end} lies outside axis ${axis} of ${show(x)}.`)
  }
  const int64 = (n: number) => constant([n], [1], 'int64')
  const shape = x.shape.map((d, i) => (i === a ? Math.ceil((end - start) / step) : d))
  const inputs = [x, int64(start), int64(end), int64(a), ...(step === 1 ? [] : [int64(step)])]
  const vjp = (g: Tensor) => {
    if (step !== 1) throw new ShapeError(`slice: no gradient for step ${step}.`)
    return [pad(g, a, start, fixed('slice', x, a) - end)]
  }
  return emit({ type: 'Slice', inputs, vjp }, shape, x.dtype)
}

/** `before` and `after` zeros around one axis. */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  return padAll(
    x,
    x.shape.map((_, i): [number, number] => (i === axis ? [before, after] : [0, 0])),
  )
}

/** Zeros around every axis: [before, after] for each. */
export function padAll(x: Tensor, widths: readonly (readonly [before: number, after: number])[]): Tensor {
  if (widths.every(([before, after]) => before === 0 && after === 0)) return x
  const amounts = [...widths.map(([before]) => before), ...widths.map(([, after]) => after)]
  const shape = x.shape.map((d, i) => (typeof d === 'number' ? d + widths[i]![0] + widths[i]![1] : d))
  const vjp = (g: Tensor) => [
    widths.reduce((t, [before], i) => {
      const size = x.shape[i]
      return typeof size === 'number' ? slice(t, i, before, before + size) : t
    }, g),
  ]
  return emit({ type: 'Pad', inputs: [x, constant(amounts, [amounts.length], 'int64')], vjp }, shape, x.dtype)
}

/** Zeros of a fixed shape. */
export function zeros(shape: readonly number[]): Tensor {
  return emit({ type: 'ConstantOfShape', inputs: [constant(shape, [shape.length], 'int64')] }, shape, 'float32')
}

/** Joins tensors along one axis; the other dimensions must agree. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0]
  if (!first) throw new ShapeError('concat: no tensors given.')
  if (tensors.length === 1) return first
  const a = axisOf('concat', first, axis)
  for (const t of tensors) {
    if (t.shape.length !== first.shape.length || t.shape.some((d, i) => i !== a && d !== first.shape[i])) {
      throw new ShapeError(`concat on axis ${axis}: ${tensors.map(show).join(' and ')} differ elsewhere.`)
    }
  }
  const dims = tensors.map((t) => t.shape[a]!)
  const joined: Dim = dims.every((d) => typeof d === 'number') ? dims.reduce((s, d) => s + d, 0) : dims.join('+')
  const shape = first.shape.map((d, i) => (i === a ? joined : d))
  const sizes = () => tensors.map((t) => fixed('concat', t, a))
  const vjp = (g: Tensor) => split(g, sizes(), a)
  return emit({ type: 'Concat', inputs: tensors, attributes: { axis: a }, vjp }, shape, first.dtype)
}

/** Cuts one axis into pieces of the given sizes. */
export function split(x: Tensor, sizes: readonly number[], axis: number): Tensor[] {
  const a = axisOf('split', x, axis)
  const total = sizes.reduce((s, n) => s + n, 0)
  if (total !== fixed('split', x, a)) throw new ShapeError(`split: sizes [${sizes}] do not add up in ${show(x)}.`)
  const outputs = sizes.map((n) => ({ shape: x.shape.map((d, i) => (i === a ? n : d)), dtype: x.dtype }))
  const inputs = [x, constant(sizes, [sizes.length], 'int64')]
  const vjp = (grads: Cotangents, pieces: readonly Tensor[]) => {
    const nothing = (piece: Tensor) => expandLike(constant([0], []), piece) // from an output that nobody uses
    return [
      concat(
        pieces.map((piece, i) => grads[i] ?? nothing(piece)),
        a,
      ),
    ]
  }
  return emitMany({ type: 'Split', inputs, attributes: { axis: a }, vjp }, outputs)
}

/** Two halves of the first axis, whose size is open. */
export function halves(x: Tensor): [first: Tensor, second: Tensor] {
  const half = { shape: ['half', ...x.shape.slice(1)], dtype: x.dtype }
  return emitMany({ type: 'Split', inputs: [x], attributes: { axis: 0, num_outputs: 2 } }, [half, half]) as [
    Tensor,
    Tensor,
  ]
}

/** Rows of `table` along axis 0 picked by integer indices: an embedding look-up. */
export function gather(table: Tensor, indices: Tensor, axis = 0): Tensor {
  const a = axisOf('gather', table, axis)
  const shape = [...table.shape.slice(0, a), ...indices.shape, ...table.shape.slice(a + 1)]
  const vjp = (g: Tensor) => [scatterAdd(g, table, indices, a)]
  return emit({ type: 'Gather', inputs: [table, indices], attributes: { axis: a }, vjp }, shape, table.dtype)
}

/** The gradient of `gather`: rows of g added into a table of zeros at their indices. */
function scatterAdd(g: Tensor, table: Tensor, indices: Tensor, axis: number): Tensor {
  if (table.shape.slice(0, axis).some((d) => d !== 1)) {
    throw new ShapeError(`gather: no gradient along axis ${axis} of ${show(table)}.`)
  }
  const rest = table.shape.slice(axis + 1) as number[]
  const rows = rowsOf({ ...indices, shape: [...indices.shape, 1] })
  const into = zeros([fixed('gather', table, axis), ...rest])
  const at = reshape(indices, [rows, 1])
  const added = emit(
    { type: 'ScatterND', inputs: [into, at, reshape(g, [rows, ...rest])], attributes: { reduction: 'add' } },
    into.shape,
    table.dtype,
  )
  return reshape(added, table.shape)
}

/** Repeats size-1 dimensions to the size that `like` has there (its open dimensions included). */
export function expandLike(x: Tensor, like: Tensor): Tensor {
  if (broadcast('expandLike', x, like).join() !== like.shape.join())
    throw new ShapeError(`expandLike: ${show(x)} does not fit into ${show(like)}.`)
  if (x.shape.join() === like.shape.join()) return x
  const known = like.shape.every((d) => typeof d === 'number')
  const shape = known
    ? constant(like.shape as number[], [like.shape.length], 'int64')
    : emit({ type: 'Shape', inputs: [like] }, [like.shape.length], 'int64')
  return emit({ type: 'Expand', inputs: [x, shape], vjp: (g) => [unbroadcast(g, x)] }, like.shape, x.dtype)
}
