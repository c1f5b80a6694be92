// A real file system of one megabyte, for what happens when a disk is full. Only root may mount one.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  folder: string
  /** Makes the file system read-only. */
  seal(): void
  remove(): void
}

const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0

/** Mounts a disk of `size` (as mount(8) writes it) with so many entries; undefined where that is not allowed. */
export function smallDisk(size = '1m', entries = 100): SmallDisk | undefined {
  if (process.getuid?.() !== 0) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'distilled-disk-'))
  if (!mount('-t', 'tmpfs', '-o', `size=${size},nr_inodes=${entries}`, 'tmpfs', folder)) {
    rmdirSync(folder)
    return undefined
  }
  return {
    folder,
    seal: () => void mount('-o', 'remount,ro', folder),
    remove() {
      spawnSync('umount', ['-l', folder])
      rmdirSync(folder)
    },
  }
}
