// A folder that `distilled export` wrote, in Node: its files checked by name and size, its graphs opened by the engine as they are.

import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { CheckpointError, UsageError } from '../../core/errors.ts'
import type { Engine } from '../../engine/types.ts'
import { readWhole } from '../../files/read.ts'
import type { Family } from '../../sampling/family.ts'
import type { Programs } from '../../sampling/programs.ts'
import type { BaseModelFacts } from '../base-model.ts'
import { exportedFacts, exportedFamily, exportedPrograms, neededFiles, readConfig } from '../exported.ts'
import type { LoadOptions } from './load-options.ts'

/** Bytes of a config.json; one with a thousand classes is some 60,000. */
const longestConfig = 2 ** 24

export interface ExportedModel {
  family: Family
  facts: BaseModelFacts
  /** Whose hashes are those of all its files. */
  config: string
  programs(engine: Engine): Programs
}

/** Whether the folder looks like an exported one; a run of `train` has a config.json, too, and no graphs. */
export const isExported = (folder: string): boolean =>
  existsSync(join(folder, 'config.json')) && existsSync(join(folder, 'onnx'))

/**
 * Opens an exported folder.
 * @throws CheckpointError for a config.json of others, and for files that are missing, of another size or outside of the folder;
 * UsageError for options that an export has made up its mind about
 */
export async function openExported(folder: string, options: LoadOptions): Promise<ExportedModel> {
  const path = join(folder, 'config.json')
  const config = readConfig(path, await readWhole(path, longestConfig))
  const files = (['student', 'teacher', 'tokenizer', 'config'] as const).find((name) => options[name] !== undefined)
  const decided = options.ema === false ? 'ema: false' : files
  if (decided) {
    throw new UsageError(`${folder} is an exported student with its decoder, so \`${decided}\` says nothing of it.`, {
      remedy: 'Leave it out, or load the checkpoints.',
    })
  }
  if (options.needTeacher) {
    throw new UsageError(`${folder} is an exported student with its decoder, and an export holds no teacher.`, {
      remedy: 'Sample with the student alone, or load the checkpoints.',
    })
  }
  if (options.dtype !== undefined && options.dtype !== config.dtype) {
    throw new UsageError(`${folder} was exported in ${config.dtype}, not ${options.dtype}.`, {
      remedy: 'Leave `dtype` out, or export the model again.',
    })
  }
  for (const file of neededFiles(config)) await requireFile(folder, file, config.files)
  const facts = exportedFacts(config)
  return {
    family: exportedFamily(config),
    facts: { ...facts, name: options.name ?? folder },
    config: path,
    programs: (engine) =>
      exportedPrograms(config, (file, _, { prepack, signal } = {}) =>
        engine.loadFile(join(folder, file), { prepack, signal }),
      ),
  }
}

async function requireFile(folder: string, file: string, listed: readonly { path: string; bytes: number }[]) {
  const inside = relative(resolve(folder), resolve(folder, file))
  if (isAbsolute(file) || inside.startsWith(`..${sep}`)) {
    throw new CheckpointError(
      `${folder}: config.json names "${file.slice(0, 200)}", which lies outside of the folder.`,
      {
        remedy: 'Take this export from a source you trust.',
      },
    )
  }
  const found = await stat(join(folder, file)).catch(() => undefined)
  const bytes = listed.find(({ path }) => path === file)?.bytes
  if (found?.isFile() && (bytes === undefined || found.size === bytes)) return
  const finding = found ? `has ${found.size} bytes, expected ${bytes}` : 'is not there'
  throw new CheckpointError(`${join(folder, file)} ${finding}.`, { remedy: 'Copy the whole exported folder again.' })
}
