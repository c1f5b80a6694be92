// From checkpoint files to a model's networks. Nothing but directories and pickles is read.

import { openFile } from '../../checkpoint/node/file-source.ts'
import type { Checkpoint } from '../../checkpoint/types.ts'
import { type AssembledModel, assembleModel, type OpenOptions, type Role } from '../assemble.ts'

/** Files, or for `load` folders that hold one network of the role. */
export interface ModelFiles {
  student?: string | undefined
  teacher?: string | undefined
  tokenizer?: string | undefined
}

/** An opened model: the family, and what was opened for it. */
export interface OpenedModel extends AssembledModel {
  close(): Promise<void>
}

/**
 * Opens a model's files.
 * @throws UsageError when the files do not belong together; CheckpointError when one is not what it should be
 */
export async function openModel(files: ModelFiles, options: OpenOptions = {}): Promise<OpenedModel> {
  const opened: Partial<Record<Role, Checkpoint>> = {}
  const close = async () => void (await Promise.all(Object.values(opened).map((checkpoint) => checkpoint.close())))
  try {
    for (const role of ['student', 'teacher', 'tokenizer'] as const) {
      const path = files[role]
      if (path !== undefined) opened[role] = await openFile(path)
    }
    return { ...assembleModel(opened, options), close }
  } catch (error) {
    await close()
    throw error
  }
}
