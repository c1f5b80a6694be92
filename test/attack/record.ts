// The attack's size and its table. `npm test` runs a small share of every attack; `node scripts/attack.js` runs the whole
// and prints what was recorded here as one table.
import { appendFileSync } from 'node:fs'

/** The share of the full attack that is run: 1 under scripts/attack.js. */
export const scale = Number(process.env.ATTACK_SCALE ?? 0.02)

/** `count` of the full attack, scaled, and at least `least`. */
export const scaled = (count: number, least = 1): number => Math.max(least, Math.round(count * scale))

export interface AttackRow {
  /** What was attacked and how. */
  attack: string
  /** Attempts made. */
  count: number
  /** What came of them, in a few words. */
  result: string
}

/** Adds a row to the table of scripts/attack.js. */
export function record(row: AttackRow): void {
  const file = process.env.ATTACK_ROWS
  if (file) appendFileSync(file, `${JSON.stringify(row)}\n`)
}
