// A parser for the JSON of a safetensors header: names to {dtype, shape, data_offsets}, and __metadata__.
// It replaces JSON.parse, which accepts duplicate keys, builds any depth, and treats `__proto__` specially.
import { type FileError, quote } from './file-error.ts'
import { maxDimensions, maxMetadataKeys, maxNameCharacters } from './limits.ts'

export interface HeaderEntry {
  name: string
  dtype: string
  shape: number[]
  /** Bytes from the start of the data. */
  begin: number
  end: number
}

/** Reads the header's bytes, or throws a CheckpointError at the first character that does not belong. */
export function parseSafetensorsHeader(
  bytes: Uint8Array,
  maxTensors: number,
  fileError: FileError,
): { entries: HeaderEntry[]; metadata: Map<string, string> } {
  const json = new Scanner(decode(bytes, fileError), fileError)
  const entries: HeaderEntry[] = []
  const metadata = new Map<string, string>()
  json.object((name) => {
    if (name === '__metadata__') {
      json.object((key) => {
        if (metadata.size === maxMetadataKeys) throw json.bad(`at most ${maxMetadataKeys} metadata`, 'more')
        metadata.set(key, json.string())
      })
      return
    }
    if (entries.length === maxTensors) throw fileError('header', `at most ${maxTensors} tensors`, 'more')
    entries.push(tensorEntry(name, json))
  })
  json.end()
  return { entries, metadata }
}

function tensorEntry(name: string, json: Scanner): HeaderEntry {
  let dtype: string | undefined
  let shape: number[] | undefined
  let offsets: number[] | undefined
  json.object((field) => {
    if (field === 'dtype') dtype = json.string()
    else if (field === 'shape') shape = json.integers(maxDimensions)
    else if (field === 'data_offsets') offsets = json.integers(maxDimensions)
    else throw json.bad('dtype, shape or data_offsets', quote(field))
  })
  if (dtype === undefined || !shape || offsets?.length !== 2) {
    throw json.bad(`dtype, shape and two data_offsets for tensor ${quote(name)}`, 'less')
  }
  return { name, dtype, shape, begin: offsets[0]!, end: offsets[1]! }
}

function decode(bytes: Uint8Array, fileError: FileError): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw fileError('header', 'JSON in UTF-8', 'other bytes')
  }
}

const wholeNumber = /(?:0|[1-9]\d{0,15})(?![\d.eE])/y

class Scanner {
  readonly #text: string
  readonly #fileError: FileError
  #at = 0

  constructor(text: string, fileError: FileError) {
    this.#text = text
    this.#fileError = fileError
  }

  bad(expected: string, found = this.#next()) {
    return this.#fileError(`header, character ${this.#at}`, expected, found)
  }

  /** Calls `member` at each value of an object; a key that comes twice is an error. */
  object(member: (key: string) => void): void {
    const keys = new Set<string>()
    this.#expect('{')
    if (this.#accept('}')) return
    do {
      const key = this.string()
      if (key.length > maxNameCharacters) {
        throw this.bad(`a name of at most ${maxNameCharacters} characters`, `one of ${key.length}`)
      }
      if (keys.has(key)) throw this.bad('every key once', `${quote(key)} twice`)
      keys.add(key)
      this.#expect(':')
      member(key)
    } while (this.#accept(','))
    this.#expect('}')
  }

  integers(limit: number): number[] {
    const values: number[] = []
    this.#expect('[')
    if (this.#accept(']')) return values
    do {
      if (values.length === limit) throw this.bad(`at most ${limit} numbers`, 'more')
      values.push(this.#integer())
    } while (this.#accept(','))
    this.#expect(']')
    return values
  }

  string(): string {
    this.#expect('"')
    const start = this.#at - 1
    do {
      this.#at = this.#text.indexOf('"', this.#at) + 1
      if (this.#at === 0) {
        this.#at = this.#text.length
        throw this.bad('a closing quote')
      }
    } while (this.#isEscaped(this.#at - 1))
    const literal = this.#text.slice(start, this.#at)
    try {
      return JSON.parse(literal)
    } catch {
      throw this.bad('text in quotes', quote(literal))
    }
  }

  /** Whether an odd number of backslashes stands before. */
  #isEscaped(at: number): boolean {
    let first = at
    while (this.#text[first - 1] === '\\') first--
    return (at - first) % 2 === 1
  }

  end(): void {
    this.#space()
    if (this.#at !== this.#text.length) throw this.bad('the end')
  }

  #integer(): number {
    this.#space()
    wholeNumber.lastIndex = this.#at
    const digits = wholeNumber.exec(this.#text)?.[0]
    if (digits === undefined || !Number.isSafeInteger(Number(digits))) throw this.bad('a whole number >= 0')
    this.#at += digits.length
    return Number(digits)
  }

  #expect(character: string): void {
    if (!this.#accept(character)) throw this.bad(quote(character))
  }

  #accept(character: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at++
  }

  #next(): string {
    return this.#at < this.#text.length ? quote(this.#text.slice(this.#at, this.#at + 20)) : 'the end'
  }
}
