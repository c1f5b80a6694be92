import { describe, expect, it } from 'vitest'
import { CheckpointError, DownloadError, UsageError } from '../core/errors.ts'
import { fromWire, toWire } from './protocol.ts'

const crossed = (error: unknown) => fromWire(structuredClone(toWire(error)))

describe('an error that crosses from the worker to the page', () => {
  it.each([
    new UsageError('There is no class "dog".', { remedy: 'Did you mean "frog"?' }),
    new DownloadError('No file.'),
    new CheckpointError('Damaged.', { cause: new Error('below') }),
  ])('stays what it was: $message', (error) => {
    const other = crossed(error)
    expect(other).toBeInstanceOf(error.constructor)
    expect(other).toMatchObject({ name: error.name, message: error.message, remedy: error.remedy })
  })

  it('may be an abort, an error of somebody else, or no error at all', () => {
    expect(crossed(new DOMException('stopped', 'AbortError'))).toMatchObject({ name: 'AbortError', message: 'stopped' })
    expect(crossed(new RangeError('far out'))).toMatchObject({ name: 'RangeError', message: 'far out' })
    expect(crossed('a text')).toMatchObject({ name: 'Error', message: 'a text' })
  })
})
