// The files of a model on their way, as one download: what each has brought and what is still to come.

import { type FindOptions, findFile, type WebFile } from './files.ts'
import type { LoadProgress } from './protocol.ts'

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

  /** Fetches a file and reports; `name` is how the reports call it. */
  async get(name: string, file: WebFile): Promise<Uint8Array<ArrayBuffer>> {
    const { report, note, cache } = this.options
    const signal = AbortSignal.any([this.leaving.signal, ...(this.options.signal ? [this.options.signal] : [])])
    const amount: Amount = { done: 0, total: file.bytes }
    this.amounts.set(name, amount)
    const found = await findFile(file, { signal, cache })
    amount.total = found.bytes
    return found.read({
      onProgress: (done, total) => {
        Object.assign(amount, { done, total })
        report({ type: 'download', file: name, done, total, ...this.all() })
      },
      onNote: note,
    })
  }

  /** Breaks off what is still on its way. */
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
