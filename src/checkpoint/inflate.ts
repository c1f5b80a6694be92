// Deflated entries of a zip archive, inflated by the platform and never beyond the size in the archive's directory.
import { crc32 } from '../core/crc32.ts'
import { DistilledError } from '../core/errors.ts'
import { fileErrors, quote } from './file-error.ts'
import { maxInflatedBytes, maxInflatedTightly } from './limits.ts'
import { streamOf } from './sources.ts'
import type { ByteSource } from './types.ts'
import type { ZipEntry } from './zip.ts'

/**
 * The first `wanted` bytes of a deflated entry whose data begin at `start`; all of it is also held against its checksum.
 * @throws CheckpointError when it is too large, damaged, or not the size that the directory promised
 */
export async function inflate(
  source: ByteSource,
  start: number,
  entry: ZipEntry,
  wanted: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const fileError = fileErrors(source.name)
  const place = `zip entry ${quote(entry.name)}`
  // Deflate never packs tighter than 1032 to 1.
  if (entry.size > maxInflatedBytes || entry.size > 1032 * entry.compressedSize) {
    const found = `${entry.size} packed in ${entry.compressedSize}`
    throw fileError(place, `at most ${maxInflatedBytes} bytes`, found, 'Save it without compression.')
  }
  const most = Math.max(maxInflatedTightly, 16 * entry.compressedSize)
  if (wanted > most) {
    const found = `${wanted} packed in ${entry.compressedSize}`
    throw fileError(place, `at most ${most} bytes`, found, 'Save it without compression.')
  }
  const packed = packedBytes(source, start, entry.compressedSize)
  const out = new Uint8Array(wanted)
  let filled = 0
  try {
    for await (const chunk of streamOf(packed.stream.pipeThrough(new DecompressionStream('deflate-raw')))) {
      if (wanted === entry.size && filled + chunk.length > wanted) {
        throw fileError(place, `${entry.size} bytes`, 'more when inflated')
      }
      out.set(chunk.subarray(0, wanted - filled), filled)
      filled = Math.min(wanted, filled + chunk.length)
      if (filled === wanted && wanted < entry.size) return out
    }
  } catch (error) {
    if (error instanceof DistilledError) throw error
    throw packed.failure() ?? fileError(place, 'deflated bytes', 'damaged ones')
  }
  if (filled !== wanted) throw fileError(place, `${entry.size} bytes`, `${filled} when inflated`)
  if (crc32(out) !== entry.crc32) throw fileError(place, 'the checksum of the directory', 'another')
  return out
}

/** A piece of a source as a stream, read as far as it is asked for. */
function packedBytes(source: ByteSource, start: number, length: number) {
  let at = 0
  let failure: unknown
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const step = Math.min(length - at, 65_536)
        if (step === 0) return controller.close()
        controller.enqueue(await source.read(start + at, step))
        at += step
      } catch (error) {
        failure = error
        controller.error(error)
      }
    },
  })
  return { stream, failure: () => failure }
}
