// Copies the weights of exported graphs from their sources into files next to the graphs: NAME.onnx_data, NAME.onnx_data_1, ...
// None grows beyond a limit (2 GB is where file systems, browsers and protobuf readers begin to stumble), and equal bytes are
// written once, so that graphs of the same network share them.

import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { writeError } from '../files/write-error.ts'
import type { FileLocation } from '../graph/serialize.ts'
import type { WeightSource } from '../graph/tensor.ts'

/** Shapes, axes and scalars stay in the model, where ONNX Runtime's shape inference sees them. */
const SMALL = 1024
/** Weights begin at multiples of this, large ones at the start of a memory page, so that they can be mapped. */
const ALIGNMENT = 64
const PAGE = 4096
const LARGE = 2 ** 20

export class DataFiles implements AsyncDisposable {
  /** Names of the files written so far. */
  readonly names: string[] = []
  private readonly folder: string
  private readonly name: string
  private readonly limit: number
  private readonly places = new Map<string, FileLocation>()
  private file: FileHandle | undefined
  private end = 0

  /** @param limit bytes of a file; only a single weight that is larger makes a larger one */
  constructor(folder: string, name: string, limit: number) {
    this.folder = folder
    this.name = `${name}.onnx_data`
    this.limit = limit
  }

  /** Where the weight was written, relative to the folder; undefined when it stays in the model file. */
  async locate(source: WeightSource): Promise<FileLocation | undefined> {
    const origin = placeOf(source)
    const known = origin === undefined ? undefined : this.places.get(origin)
    if (known) return known
    const bytes = await source.read()
    if (bytes.byteLength < SMALL) return undefined
    const content = createHash('sha256').update(bytes).digest('hex')
    const location = this.places.get(content) ?? (await this.append(bytes))
    this.places.set(content, location)
    if (origin !== undefined) this.places.set(origin, location)
    return location
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { file } = this
    this.file = undefined
    await file?.sync()
    await file?.close()
  }

  private async append(bytes: Uint8Array): Promise<FileLocation> {
    const unit = bytes.byteLength >= LARGE ? PAGE : ALIGNMENT
    let offset = Math.ceil(this.end / unit) * unit
    if (!this.file || (this.end > 0 && offset + bytes.byteLength > this.limit)) {
      await this[Symbol.asyncDispose]()
      const name = this.names.length ? `${this.name}_${this.names.length}` : this.name
      this.file = await open(join(this.folder, name), 'wx').catch((cause) => {
        throw writeError(join(this.folder, name), cause)
      })
      this.names.push(name)
      offset = 0
    }
    for (let at = 0; at < bytes.byteLength; ) at += await this.write(this.file, bytes.subarray(at), offset + at)
    this.end = offset + bytes.byteLength
    return { path: this.names.at(-1)!, offset, byteLength: bytes.byteLength }
  }

  private async write(file: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
    try {
      return (await file.write(bytes, 0, bytes.byteLength, position)).bytesWritten
    } catch (cause) {
      throw writeError(join(this.folder, this.names.at(-1)!), cause, position + bytes.byteLength)
    }
  }
}

function placeOf({ identity, key, location, dtype, shape }: WeightSource): string | undefined {
  const place = identity ?? key ?? (location && `${location.path}:${location.offset}`)
  return place && `${place}:${dtype}[${shape}]`
}
