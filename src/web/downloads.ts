// All files of a model as one download: for each file the bytes received and the bytes still to come.

import { type FindOptions, findFile, type WebFile } from './files.ts'
import type { LoadProgress } from './protocol.ts'

/** Bytes between two reports of a file: a message for every network packet would be thousands. */
const STRIDE = 2 ** 17

interface Amount {
  done: number
  total: number | undefined
}

export interface DownloadsOptions extends FindOptions {
  report(event: LoadProgress): void
  note(text: string): void
}

export class Downloads {
  private readonly options: DownloadsOptions
  private readonly amounts = new Map<string, Amount>()
  private readonly leaving = new AbortController()

  constructor(options: DownloadsOptions) {
    this.options = options
  }

  /** Fetches a file and reports its progress under `name`. */
  async get(name: string, file: WebFile): Promise<Uint8Array<ArrayBuffer>> {
    const { report, note, cache } = this.options
    const signal = AbortSignal.any([this.leaving.signal, ...(this.options.signal ? [this.options.signal] : [])])
    const amount: Amount = { done: 0, total: file.bytes }
    this.amounts.set(name, amount)
    const found = await findFile(file, { signal, cache })
    amount.total = found.bytes
    const tell = (done: number, total: number | undefined) => {
      if (done > 0 && done < amount.done + STRIDE && done !== total) return
      Object.assign(amount, { done, total })
      report({ type: 'download', file: name, done, total, ...this.all() })
    }
    const bytes = await found.read({ onProgress: tell, onNote: note })
    if (amount.total === undefined) tell(bytes.length, bytes.length) // now it is known
    return bytes
  }

  /** Aborts the downloads that are still running. */
  stop(): void {
    this.leaving.abort()
  }

  private all(): { allDone: number; allTotal: number | undefined } {
    let [allDone, allTotal]: [number, number | undefined] = [0, 0]
    for (const { done, total } of this.amounts.values()) {
      allDone += done
      allTotal = total === undefined || allTotal === undefined ? undefined : allTotal + total
    }
    return { allDone, allTotal }
  }
}
