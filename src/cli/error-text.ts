// An error of the library in the words of the command line: its remedy for a shell where it has one, and options as flags.
import { DistilledError } from '../core/errors.ts'
import { printableLine } from '../core/show.ts'

/** `teacherFrom: 4`, as core/errors.ts says that options are written. */
const option = /`([a-z][A-Za-z]*)(?:: ([^`]*))?`/g

/**
 * The error's message; options that `flags` has become flags.
 * @param flags names of the flags that exist, in camel case
 */
export function errorText(error: Error, flags: ReadonlySet<string>): string {
  if (!(error instanceof DistilledError)) return error.message
  const { finding, shellRemedy, message } = error
  const text = shellRemedy === undefined ? message : `${finding} ${shellRemedy}`
  return text.replace(option, (written: string, name: string, value: string | undefined) =>
    flags.has(name) ? typed(name, value) : written,
  )
}

/** `ema: false` is --no-ema. */
const typed = (name: string, value: string | undefined): string =>
  value === 'false' ? flagOf(name).replace('--', '--no-') : [flagOf(name), ...argumentOf(value)].join(' ')

const flagOf = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** `[0, 5]` is 0,5 on a command line, `'philox'` is philox, and `true` is a flag without value. */
function argumentOf(value: string | undefined): string[] {
  if (value === undefined || value === 'true') return []
  return [
    value
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/,\s+/g, ',')
      .replace(/^'(.*)'$/, '$1'),
  ]
}

/** Characters of an error on the command line, with the "error: " before it and the line end behind it. */
const longestError = 2000
const longestParagraph = longestError - 'error: \n'.length

/** Text as one line that is harmless to a terminal; it is cut before it is looked through, as files choose its length. */
export function paragraph(text: string): string {
  const lines = shortened(text, 4 * longestParagraph).split('\n')
  const words = lines.map((line) => line.trim()).filter((line) => line !== '')
  return shortened(printableLine(words.join(' ')), longestParagraph)
}

/** The cause is in the first part of a message, the remedy in the last: the middle is left out. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text
  const tail = Math.floor(most / 5)
  return `${text.slice(0, most - tail - 5)} ... ${text.slice(-tail)}`
}
