// Recordings of the embedded teachers, made by scripts/web-explain.js and replayed by the figures: one picture of each family
// with the conditional of every token. There are two image sheets: whole pictures side by side, and the decoded picture of each
// single codebook entry.
import type { ModelInfo } from '../../backend/types.ts'
import llamaGenData from './recorded/llamagen.json'
import llamaGenSheet from './recorded/llamagen.png'
import llamaGenCodes from './recorded/llamagen-codes.png'
import varData from './recorded/var.json'
import varSheet from './recorded/var.png'
import varCodes from './recorded/var-codes.png'

export type Family = ModelInfo['family']

export interface Likely {
  entry: number
  probability: number
}

export interface Token {
  entry: number
  /** The teacher's step. */
  group: number
  /** Its place on a square grid of `side`: VAR's scale, or LlamaGen's picture. */
  side: number
  row: number
  column: number
  /** The likeliest entries, the most likely first. */
  likely: readonly Likely[]
}

export interface Recording {
  /** The teacher's name. */
  model: string
  class: string
  guidance: number
  groups: readonly number[]
  codebook: readonly (readonly number[])[]
  tokens: readonly Token[]
  sheet: Sheet
  /** Pictures of the sheet: after each scale (VAR) or the finished one, then some of independent tokens. */
  finished: number
  independent: number
  codes: Sheet
}

/** An image file of equal tiles. */
export interface Sheet {
  address: string
  columns: number
  rows: number
}

type Data = typeof varData

function recording(data: Data, family: Family, sheet: string, codes: string): Recording {
  const { finished, independent } = data.pictures
  const places = data.groups.flatMap((size, group) =>
    Array.from({ length: size }, (_, place) => ({ group, size, place })),
  )
  return {
    model: data.model,
    class: data.class,
    guidance: data.sampling.cfg,
    groups: data.groups,
    codebook: data.codebook,
    finished,
    independent,
    sheet: { address: sheet, columns: finished + independent, rows: 1 },
    codes: { address: codes, columns: 16, rows: 16 },
    tokens: data.tokens.map(([entry, ...likely], i) => {
      const { group, size, place } = places[i]!
      const [side, at] = family === 'var' ? [Math.sqrt(size), place] : [Math.sqrt(data.groups.length), i]
      return {
        entry: entry!,
        group,
        side,
        row: Math.floor(at / side),
        column: at % side,
        likely: Array.from({ length: likely.length / 2 }, (_, k) => {
          return { entry: likely[2 * k]!, probability: likely[2 * k + 1]! }
        }),
      }
    }),
  }
}

export const recordings: Readonly<Record<Family, Recording>> = {
  var: recording(varData, 'var', varSheet, varCodes),
  llamagen: recording(llamaGenData, 'llamagen', llamaGenSheet, llamaGenCodes),
}

/** The picture of the sheet that shows what is finished before the group of a token is. */
export const pictureBefore = ({ finished }: Recording, { group }: Token): number | undefined =>
  finished === 1 ? 0 : group === 0 ? undefined : group - 1

/** The picture after that group. */
export const pictureAfter = ({ finished }: Recording, { group }: Token): number => (finished === 1 ? 0 : group)
