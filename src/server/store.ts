// Images that are served under an address for ten minutes, from memory. An address cannot be guessed (128 random bits), so it
// needs no token. The oldest images are dropped when memory runs out.
import { randomBytes } from 'node:crypto'
import { storeBytes, storeSeconds } from './settings.ts'

export interface StoredImage {
  readonly bytes: Uint8Array
  readonly type: string
}

interface Kept extends StoredImage {
  readonly until: number
}

export class ImageStore {
  private readonly kept = new Map<string, Kept>()
  private held = 0
  private readonly most: number
  private readonly seconds: number
  private readonly now: () => number

  constructor({ bytes = storeBytes, seconds = storeSeconds, now = Date.now } = {}) {
    this.most = bytes
    this.seconds = seconds
    this.now = now
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.held
  }

  /** Keeps an image and returns its name, 32 hexadecimal digits. */
  put(image: StoredImage): string {
    const name = randomBytes(16).toString('hex')
    this.kept.set(name, { ...image, until: this.now() + this.seconds * 1000 })
    this.held += image.bytes.length
    this.clean()
    return name
  }

  get(name: string): StoredImage | undefined {
    this.clean()
    return this.kept.get(name)
  }

  /** The map is in order of age: what is too old, or too much, stands in front. */
  private clean(): void {
    for (const [name, { until, bytes }] of this.kept) {
      if (until > this.now() && this.held <= this.most) return
      this.kept.delete(name)
      this.held -= bytes.length
    }
  }
}
