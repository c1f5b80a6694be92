// Calls to another thread, by number. Every call ends: with its answer, or with the reason why no answer will come.

interface Pending {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** The calls that wait for an answer. */
export class PendingCalls {
  private readonly pending = new Map<number, Pending>()
  private next = 1
  private reason: Error | undefined

  /** Whether answers can still come. */
  get open(): boolean {
    return this.reason === undefined
  }

  get size(): number {
    return this.pending.size
  }

  /**
   * Sends a call under a number of its own.
   * @throws (by its promise) the reason of `end`, or what `send` throws when something cannot cross
   * @example
   * const calls = new PendingCalls()
   * const answer = calls.begin((id) => calls.resolve(id, id + 1))
   * await answer // 2
   */
  async begin<T>(send: (id: number) => void): Promise<T> {
    if (this.reason) throw this.reason
    const id = this.next++
    return new Promise<T>((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as Pending['resolve'], reject })
      try {
        send(id)
      } catch (error) {
        this.reject(id, error)
      }
    })
  }

  has(id: number): boolean {
    return this.pending.has(id)
  }

  resolve(id: number, result: unknown): void {
    this.take(id)?.resolve(result)
  }

  reject(id: number, error: unknown): void {
    this.take(id)?.reject(error)
  }

  /** Rejects what is pending and everything later; the first reason stays. */
  end(reason: Error): void {
    this.reason ??= reason
    for (const { reject } of this.pending.values()) reject(this.reason)
    this.pending.clear()
  }

  private take(id: number): Pending | undefined {
    const call = this.pending.get(id)
    this.pending.delete(id)
    return call
  }
}
