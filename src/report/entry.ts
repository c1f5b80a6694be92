// A result as a report takes it: with the name of its file, which errors and equal results are told apart by, and its sheet.

import type { EvaluationResult } from '../evaluate/result.ts'

export interface ReportEntry {
  /** Of the result's file, as it was given. */
  path: string
  result: EvaluationResult
  grid?: Grid
}

export interface Grid {
  /** Of the image file. */
  path: string
  /** A data URI; undefined when the file is gone. */
  source: string | undefined
  /** In pixels, where it is known. */
  width: number | undefined
}
