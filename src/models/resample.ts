// Resampling of square maps as matrices: bicubic upsampling and area down-sampling are linear, so VAR's multi-scale
// quantiser needs no resampling op. Semantics of F.interpolate(mode='bicubic', align_corners=False) and mode='area'.

const A = -0.75

function cubic(t: number): number {
  const x = Math.abs(t)
  if (x <= 1) return (A + 2) * x ** 3 - (A + 3) * x ** 2 + 1
  if (x < 2) return A * x ** 3 - 5 * A * x ** 2 + 8 * A * x - 4 * A
  return 0
}

/** Weights [to, from] of one axis: cubic convolution with a = -0.75 and a clamped border. */
function bicubicAxis(from: number, to: number): Float64Array {
  const axis = new Float64Array(to * from)
  for (let i = 0; i < to; i++) {
    const source = ((i + 0.5) * from) / to - 0.5
    const base = Math.floor(source)
    for (let tap = base - 1; tap <= base + 2; tap++) {
      const clamped = Math.min(Math.max(tap, 0), from - 1)
      axis[i * from + clamped]! += cubic(source - tap)
    }
  }
  return axis
}

/** Weights [to, from] of one axis: adaptive average pooling over floor(i from/to) .. ceil((i+1) from/to). */
function areaAxis(from: number, to: number): Float64Array {
  const axis = new Float64Array(to * from)
  for (let i = 0; i < to; i++) {
    const start = Math.floor((i * from) / to)
    const end = Math.ceil(((i + 1) * from) / to)
    for (let j = start; j < end; j++) axis[i * from + j] = 1 / (end - start)
  }
  return axis
}

/** Kronecker square: the matrix [to^2, from^2] that applies `axis` [to, from] to rows and columns of a map. */
function square(axis: Float64Array, from: number, to: number): Float32Array {
  const out = new Float32Array(to * to * from * from)
  for (let y = 0; y < to; y++) {
    for (let x = 0; x < to; x++) {
      const row = (y * to + x) * from * from
      for (let v = 0; v < from; v++) {
        const wy = axis[y * from + v]!
        if (wy === 0) continue
        for (let u = 0; u < from; u++) out[row + v * from + u] = wy * axis[x * from + u]!
      }
    }
  }
  return out
}

/** Matrix [to^2, from^2] of bicubic upsampling; the identity when the sizes agree. */
export const bicubicMatrix = (from: number, to: number): Float32Array => square(bicubicAxis(from, to), from, to)

/** Matrix [to^2, from^2] of area down-sampling. */
export const areaMatrix = (from: number, to: number): Float32Array => square(areaAxis(from, to), from, to)

/**
 * Which of the `shared` phi convolutions scale `scale` of `scales` uses: the tick nearest to scale / (scales - 1), computed with
 * the float64 rounding of numpy.linspace, which settles exact ties. Upstream: VAR/models/quant.py:PhiPartiallyShared.
 */
export function phiIndex(scale: number, scales: number, shared: number): number {
  const margin = 1 / (shared === 4 ? 3 : 2) / shared
  const start = margin
  const stop = 1 - margin
  const step = (stop - start) / (shared - 1)
  const at = scale / (scales - 1)
  let best = 0
  let bestDistance = Number.POSITIVE_INFINITY
  for (let i = 0; i < shared; i++) {
    const tick = i === shared - 1 ? stop : start + i * step
    const distance = Math.abs(tick - at)
    if (distance < bestDistance) {
      best = i
      bestDistance = distance
    }
  }
  return best
}
