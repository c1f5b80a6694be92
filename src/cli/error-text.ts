// An error of the library in the words of the command line: its remedy for a shell where it has one, and options as flags.
import { DistilledError } from '../core/errors.ts'

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
