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

/** Mounts a disk of `size` (as mount(8) writes it) with so many entries, or says why that cannot be. */
export function smallDisk(size = '1m', entries = 100): SmallDisk | string {
  if (process.getuid?.() !== 0) return 'only root may mount file systems'
  const folder = mkdtempSync(join(tmpdir(), 'distilled-disk-'))
  if (!mount('-t', 'tmpfs', '-o', `size=${size},nr_inodes=${entries}`, 'tmpfs', folder)) {
    rmdirSync(folder)
    return 'this machine lets nobody mount a tmpfs'
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
