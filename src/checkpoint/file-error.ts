// The one form of an error about a file: file, place in it, what was expected, what was found, what to do.
import { CheckpointError } from '../core/errors.ts'
import { quote } from '../core/show.ts'

export { quote }

/** Makes the CheckpointError for one place of one file; the default remedy is for damage. */
export type FileError = (place: string, expected: string, found: string, remedy?: string) => CheckpointError

export const damaged = 'The file is damaged or was tampered with: fetch it again from a source you trust.'
export const resave = 'Load it where it was made and save it again with torch.save (PyTorch 1.6 or later).'

export const notExecuted =
  'Nothing of it was executed. If you trust the file, load it in PyTorch and save its state dict alone.'

/**
 * Makes the errors about the file called `file`.
 * @example
 * const error = fileErrors('a.pth')('zip directory', 'an entry data.pkl', 'none', 'Fetch it again.')
 * error.message // 'a.pth: zip directory: expected an entry data.pkl, found none. Fetch it again.'
 */
export function fileErrors(file: string): FileError {
  return (place, expected, found, remedy = damaged) =>
    new CheckpointError(`${cut(file, 255)}: ${cut(place)}: expected ${cut(expected)}, found ${cut(found)}.`, { remedy })
}

/** Names that are long or full of escapes do not make an error longer than a paragraph. */
const cut = (text: string, limit = 400): string => (text.length > limit ? `${text.slice(0, limit)}...` : text)

/** A list of names cut to a readable length. */
export function list(names: Iterable<string>, limit = 12): string {
  const all = [...names]
  if (all.length === 0) return 'none'
  const shown = all.slice(0, limit).map((name) => (name === '' ? '"" (the root)' : quote(name)))
  return all.length > limit ? `${shown.join(', ')} and ${all.length - limit} more` : shown.join(', ')
}
