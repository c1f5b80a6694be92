// Axes: which part of the numbers a chart shows, where its ticks stand, and how they are labelled. Linear ticks are
// multiples of 1, 2 or 5 times a power of ten; a logarithmic axis takes those very values.

export interface Scale {
  /** Ascending values with their labels. */
  ticks: { at: number; label: string }[]
  /** A value's place, 0 at the low end and 1 at the high end. */
  place(value: number): number
}

/** A linear axis from `low` to `high`; `round` moves both ends to the next ticks. */
export function linearScale(low: number, high: number, { wanted = 4, round = true } = {}): Scale {
  const [from, to] = low < high ? [low, high] : around(low)
  const step = niceStep((to - from) / wanted)
  const [first, last] = round
    ? [Math.floor(from / step + 1e-9), Math.ceil(to / step - 1e-9)]
    : [Math.ceil(from / step - 1e-9), Math.floor(to / step + 1e-9)]
  const [start, end] = round ? [first * step, last * step] : [from, to]
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => labelled((first + i) * step, step))
  return { ticks, place: (value) => (value - start) / (end - start) }
}

/** A logarithmic axis from `low` > 0 to `high`; a hair longer at both ends. */
export function logScale(low: number, high: number): Scale {
  const margin = Math.max(0.02, 0.04 * Math.log10(high / low))
  const from = Math.log10(low) - margin
  const to = Math.log10(high) + margin
  const place = (value: number) => (Math.log10(Math.max(value, Number.MIN_VALUE)) - from) / (to - from)
  const inside = (values: number[]) => values.filter((value) => place(value) >= 0 && place(value) <= 1)
  const powers = Array.from({ length: Math.ceil(to) - Math.floor(from) + 1 }, (_, i) => 10 ** (Math.floor(from) + i))
  const fine = inside(powers.flatMap((power) => [power, 2 * power, 5 * power]))
  const coarse = inside(powers)
  const every = Math.ceil(coarse.length / 6)
  if (fine.length < 3) return { ticks: linearScale(low, high, { wanted: 4, round: false }).ticks, place }
  const chosen = fine.length <= 8 ? fine : coarse.filter((_, i) => i % every === 0)
  return { ticks: chosen.map((at) => labelled(at, at)), place }
}

const around = (value: number): [number, number] =>
  value === 0 ? [0, 1] : [value - Math.abs(value) / 2, value + Math.abs(value) / 2]

function niceStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw))
  return power * [1, 2, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9))!
}

/** Short and as exact as ticks `step` apart need: 0.25, 1e-4, 20k. */
function labelled(value: number, step: number): { at: number; label: string } {
  const at = Number(value.toPrecision(12))
  const size = Math.abs(at)
  if (size === 0) return { at: 0, label: '0' }
  if (size >= 1e6) return { at, label: `${Number((at / 1e6).toPrecision(6))}M` }
  if (size >= 1e4 || (size >= 1e3 && step >= 500)) return { at, label: `${Number((at / 1e3).toPrecision(6))}k` }
  if (step < 1e-3) return { at, label: Number(at.toPrecision(3)).toExponential() }
  return { at, label: at.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9))) }
}
