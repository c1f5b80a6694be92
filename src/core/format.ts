// Numbers and times as people read them, for terminals and reports alike.

/** "12,000" */
export const count = (value: number): string => value.toLocaleString('en-US')

/**
 * A measured number in `digits` that tell: "0.4123", "1,024", "1e-4".
 * @example
 * figure(0.000123456) // '1.235e-4'
 */
export function figure(value: number, digits = 4): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size < 1e-3) return value.toExponential(digits - 1).replace(/\.?0+e/, 'e')
  if (size >= 1e9) return value.toExponential(digits - 1).replace(/\.?0+e\+/, 'e')
  return size >= 10 ** (digits - 1) ? count(Math.round(value)) : value.toPrecision(digits)
}

/** "98.8 %" */
export const percentage = (share: number): string => `${(100 * share).toFixed(1)} %`

/** Seconds as a person says them: "0.35 s", "12 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** "1.3 GB" */
export function byteSize(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3))
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** power).toFixed(1)} ${units[power]}`
}

/**
 * How many of something there are.
 * @example
 * plural(1, 'image') // '1 image'
 * plural(3000, 'image') // '3000 images'
 */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
