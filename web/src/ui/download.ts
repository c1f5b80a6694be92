// Saves bytes to the downloads folder, under a name that describes them.
import type { Picture } from '../backend/types.ts'

export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

type Named = Pick<Picture, 'className' | 'settings'>

/** @example pictureName({ className: 'boat', ... }) // 'boat-1-step-seed-7-0.png' */
export const pictureName = (picture: Named): string => `${runName(picture)}-${picture.settings.index ?? 0}.png`

/** The part of the name that all pictures of a run share. @example runName({ className: 'boat', ... }) // 'boat-1-step-seed-7' */
export function runName({ className, settings }: Named): string {
  const words = className.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return [words, wayName(settings), `seed-${settings.seed ?? 0}`].filter(Boolean).join('-')
}

function wayName({ steps, plan }: Picture['settings']): string | undefined {
  const { kind, flow } = (plan ?? {}) as { kind?: string; flow?: object }
  if (kind === 'teacher') return flow ? 'flow' : 'teacher'
  return steps === undefined ? undefined : `${steps}-${steps === 1 ? 'step' : 'steps'}`
}
