// What remains of an evaluation: the result as JSON, a sheet of its first samples beside it, and statistics for later.
import { stat } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { UsageError } from '../core/errors.ts'
import type { Collected } from '../evaluate/collect.ts'
import { readsFromFolder } from '../evaluate/node/sets/folder.ts'
import { saveStatistics, statisticsMark } from '../evaluate/node/statistics-file.ts'
import { type EvaluationResult, type MetricName, resultMark } from '../evaluate/result.ts'
import type { EvaluationSet, ImageSource } from '../evaluate/sets/set.ts'
import { writeAtomically } from '../files/atomic.ts'
import { refuseReplacing } from '../files/replacing.ts'
import { grid } from '../images/node/grid.ts'
import { refuseOverwriting } from '../images/node/overwriting.ts'
import type { RgbImage } from '../images/rgb.ts'
import type { CommandOutput } from './io.ts'

export interface EvaluationFiles {
  save?: string
  saveStats?: string
  saveGrid?: string
  metrics?: readonly MetricName[]
  force?: boolean
}

/**
 * @throws UsageError before the work when a file could not be written after it, is one of `inputs` (path by name), or is there and no
 * earlier output of `distilled evaluate`
 */
export async function checkOutputs(
  { save, saveStats, saveGrid, metrics, force }: EvaluationFiles,
  inputs: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const files = Object.entries({ save, 'save-stats': saveStats, 'save-grid': saveGrid })
  for (const [flag, path] of files) {
    if (path === undefined) continue
    const folder = await stat(dirname(path)).catch(() => undefined)
    if (!folder?.isDirectory())
      throw new UsageError(`--${flag}: there is no folder ${dirname(path)}.`, { remedy: 'Create it first.' })
    if ((await stat(path).catch(() => undefined))?.isDirectory())
      throw new UsageError(`--${flag}: ${path} is a folder.`, { remedy: 'Name a file in it.' })
  }
  const sheet = sheetOf({ ...(save && { save }), ...(saveGrid && { saveGrid }) })
  const outputs = [
    { name: '--save', path: save, mark: resultMark },
    { name: '--save-stats', path: saveStats, mark: statisticsMark },
    {
      name: saveGrid ? '--save-grid' : 'the sheet of --save (--save-grid names another)',
      path: sheet,
      mark: /(?:"|&quot;)evaluation(?:"|&quot;):/,
    },
  ].flatMap(({ path, ...output }) => (path === undefined ? [] : [{ ...output, path }]))
  await refuseOverwriting(
    Object.entries(inputs).flatMap(([name, path]) =>
      path === undefined ? [] : [{ name, path, reads: readsFromFolder }],
    ),
    outputs,
  )
  if (saveGrid !== undefined && !/\.(png|jpe?g|webp)$/i.test(saveGrid))
    throw new UsageError(`--save-grid: ${saveGrid} is no name of an image.`, { remedy: 'For example sheet.png.' })
  if (saveStats !== undefined && metrics && !metrics.includes('fid'))
    throw new UsageError('--save-stats keeps what fid is told from.', { remedy: 'Have fid among the --metrics.' })
  await refuseReplacing(outputs, { force })
}

/** File of the sheet: beside the result by default. */
const sheetOf = ({ save, saveGrid }: EvaluationFiles): string | undefined =>
  saveGrid ?? (save && join(dirname(save), `${basename(save, extname(save))}.png`))

/** Images of a sheet, in two rows; fewer where they are large. */
const SHEET = 24
const SHEET_BYTES = 2 ** 26

/** Writes what the flags name; the result knows its sheet when it lies beside it. */
export async function saveEvaluation(
  result: EvaluationResult,
  collected: Collected,
  { images }: EvaluationSet,
  { save, saveStats, saveGrid }: EvaluationFiles,
  { note }: CommandOutput,
): Promise<void> {
  const sheet = sheetOf({ ...(save && { save }), ...(saveGrid && { saveGrid }) })
  if (sheet && images) {
    await saveSheet(sheet, images, result)
    if (save === undefined || resolve(dirname(save)) === resolve(dirname(sheet))) result.grid = basename(sheet)
    note(`sheet: ${sheet}`)
  }
  if (save) {
    await writeAtomically(save, new TextEncoder().encode(`${JSON.stringify(result, null, 2)}\n`))
    note(`result: ${save}`)
  }
  if (!saveStats) return
  const { labels, sampling, rounding, features: extractor } = result.protocol
  await saveStatistics(saveStats, collected, {
    extractor,
    crop: result.protocol.crop,
    origin: { labels, sampling, rounding },
  })
  note(`statistics: ${saveStats}`)
}

async function saveSheet(path: string, images: ImageSource, { name, protocol }: EvaluationResult): Promise<void> {
  const pictures: RgbImage[] = []
  let bytes = 0
  for await (const { data, shape } of images.read(0, Math.min(SHEET, images.count))) {
    const [count, height, width] = shape
    bytes += data.length
    const alike = !pictures[0] || (pictures[0].width === width && pictures[0].height === height)
    if (alike && (bytes <= SHEET_BYTES || !pictures[0]))
      for (const part of parts(data, count)) pictures.push({ data: part, width, height })
  }
  await grid(pictures, { columns: SHEET / 2, settings: { evaluation: name, ...protocol.sampling } }).save(path)
}

const parts = (data: Uint8Array, count: number): Uint8Array[] => {
  const size = data.length / count
  return Array.from({ length: count }, (_, i) => data.subarray(i * size, (i + 1) * size))
}
