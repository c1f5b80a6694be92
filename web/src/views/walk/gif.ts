// Pictures to an animated GIF that loops for ever. Colours are chosen at the pictures' own size - exactly, where there are
// no more than 256 - and then the frame is enlarged, so pixels stay square and sharp. A pause after each frame keeps the page
// responsive, and the work can be stopped.
import { applyPalette, GIFEncoder, quantize } from 'gifenc'
import type { Pixels } from '../same-noise/pixels.ts'

export interface GifOptions {
  /** Milliseconds a frame stays. */
  delay: number
  /** Pixels of the file for one of a picture. */
  scale: number
  /** A comment inside the file. */
  comment: string
  signal?: AbortSignal | undefined
  onFrame?(done: number, frames: number): void
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

/** A GIF of frames of one size. */
export async function encodeGif(frames: readonly Pixels[], options: GifOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { delay, scale, comment, signal, onFrame } = options
  const gif = GIFEncoder()
  // A film there and back shows most pictures twice.
  const known = new Map<Pixels, ReturnType<typeof indexed>>()
  for (const [i, frame] of frames.entries()) {
    signal?.throwIfAborted()
    const { palette, index } = known.get(frame) ?? indexed(frame)
    known.set(frame, { palette, index })
    const { width, height } = frame
    const large = enlarged(index, width, height, scale)
    gif.writeFrame(large, width * scale, height * scale, { palette, delay, repeat: 0 })
    onFrame?.(i + 1, frames.length)
    await pause()
  }
  signal?.throwIfAborted()
  writeComment(gif.stream, comment)
  gif.finish()
  return gif.bytes()
}

type Colour = [number, number, number]

/** Up to 256 colours, and the number of each pixel's. */
export function indexed({ data, width, height }: Pixels): { palette: Colour[]; index: Uint8Array } {
  const numbers = new Map<number, number>()
  const index = new Uint8Array(width * height)
  for (let i = 0; i < index.length; i++) {
    const colour = (data[4 * i]! << 16) | (data[4 * i + 1]! << 8) | data[4 * i + 2]!
    let number = numbers.get(colour)
    if (number === undefined) {
      number = numbers.size
      if (number === 256) {
        const palette = quantize(data, 256) as Colour[]
        return { palette, index: applyPalette(data, palette) }
      }
      numbers.set(colour, number)
    }
    index[i] = number
  }
  return { palette: [...numbers.keys()].map((c) => [c >> 16, (c >> 8) & 255, c & 255]), index }
}

/** Every value as a square of `scale` x `scale`. */
export function enlarged(index: Uint8Array, width: number, height: number, scale: number): Uint8Array {
  const out = new Uint8Array(width * height * scale * scale)
  const row = new Uint8Array(width * scale)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) row.fill(index[y * width + x]!, x * scale, (x + 1) * scale)
    for (let k = 0; k < scale; k++) out.set(row, (y * scale + k) * row.length)
  }
  return out
}

/** Pictures of one size in a row, `gap` white pixels between them. */
export function inARow(pictures: readonly Pixels[], gap: number): Pixels {
  const [{ width, height }] = pictures as [Pixels]
  const total = pictures.length * (width + gap) - gap
  const data = new Uint8ClampedArray(total * height * 4).fill(255)
  for (const [i, picture] of pictures.entries()) {
    for (let y = 0; y < height; y++) {
      data.set(picture.data.subarray(y * width * 4, (y + 1) * width * 4), (y * total + i * (width + gap)) * 4)
    }
  }
  return { data, width: total, height }
}

interface ByteStream {
  writeByte(byte: number): void
  writeBytes(bytes: Uint8Array): void
}

/** A comment extension: blocks of at most 255 bytes. */
function writeComment(stream: ByteStream, comment: string): void {
  const bytes = new TextEncoder().encode(comment)
  stream.writeBytes(Uint8Array.of(0x21, 0xfe))
  for (let at = 0; at < bytes.length; at += 255) {
    const block = bytes.subarray(at, at + 255)
    stream.writeByte(block.length)
    stream.writeBytes(block)
  }
  stream.writeByte(0)
}
