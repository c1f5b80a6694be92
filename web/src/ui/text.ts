// Formats figures for the page.

/** @example bytesText(7_340_032) // '7.3 MB' */
export function bytesText(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB']
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`
}

/** @example secondsText(0.0421) // '42 ms' */
export function secondsText(seconds: number): string {
  const ms = seconds * 1000
  if (ms < 9.95) return `${ms.toFixed(1)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)} s`
}

/** @example plural(2, 'picture') // '2 pictures' */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
