// `report.html` of a run: what it was told, how it went, what it made, in one file that needs nothing else. The sheets
// are inside it while they are few; of a long run the page shows them from the folder.
import { basename, join, resolve } from 'node:path'
import { writeStream } from '../files/atomic.ts'
import { UnreadableError } from '../files/read.ts'
import { inlineImage } from '../images/node/inline.ts'
import type { KnobRow } from './knobs.ts'
import { type PageSheet, reportPage, type SettingRow } from './report-page.tsx'
import { readLog } from './run-log.ts'
import { summarize } from './run-summary.ts'

export interface ReportOptions {
  /** Heading of the page; the folder's name by default. */
  title?: string
  /** `config.rows(...)` of the run's settings; without them the log's are shown, without unit and provenance. */
  rows?: readonly KnobRow[]
}

/** Sheets that are put into the page itself. */
const embedded = 20
/** A PNG this narrow is enlarged pixel by pixel, not blurred. */
const smallWidth = 300

/**
 * Writes `report.html` into a run's folder; it may be called while the run goes on.
 * @returns the path of the page
 * @throws what `readLog` throws
 * @example
 * const path = await writeReport('runs/sprites', { title: 'Sprites, one step' })
 */
export async function writeReport(folder: string, { title, rows }: ReportOptions = {}): Promise<string> {
  const summary = summarize(await readLog(folder))
  const inside = summary.sheets.length <= embedded
  const sheets = await Promise.all(
    summary.sheets.map(async ({ step, file, caption }): Promise<PageSheet> => {
      if (!inside) return { step, caption, source: addressOf(file), small: false }
      return { step, caption, ...(await embeddedImage(folder, file)) }
    }),
  )
  const page = reportPage({
    title: title ?? basename(resolve(folder)),
    summary,
    settings: rows ?? settingsOf(summary.config),
    sheets,
  })
  const path = join(folder, 'report.html')
  await writeStream(path, [new TextEncoder().encode(page)], { durable: true })
  return path
}

/** The image itself, or no source when the file is gone or no image of the run: a page without it is better than none. */
async function embeddedImage(folder: string, file: string): Promise<Pick<PageSheet, 'source' | 'small'>> {
  const image = await inlineImage(folder, file).catch((error) => {
    if (error instanceof UnreadableError) return undefined
    throw error
  })
  return { source: image?.source, small: image?.width !== undefined && image.width <= smallWidth }
}

const addressOf = (file: string): string => file.split(/[\\/]/).map(encodeURIComponent).join('/')

function settingsOf(config: unknown): SettingRow[] {
  if (typeof config !== 'object' || config === null) return []
  return Object.entries(config).map(([name, value]) => {
    return { name, value: typeof value === 'string' ? value : JSON.stringify(value) }
  })
}
