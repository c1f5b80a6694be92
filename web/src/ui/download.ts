// Bytes into the person's downloads folder, under a name that says what they are.
import type { Picture } from '../studio/types.ts'

export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** @example pictureName({ className: 'boat', ... }) // 'boat-seed-7-0.png' */
export function pictureName({ className, settings }: Pick<Picture, 'className' | 'settings'>): string {
  const words = className.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return `${words}-seed-${settings.seed ?? 0}-${settings.index ?? 0}.png`
}
