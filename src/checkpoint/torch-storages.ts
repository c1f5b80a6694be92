// What both torch formats share: the persistent id of a storage, ('storage', class, key, device, elements, view),
// as torch/serialization.py writes it, and storages that learn where their bytes lie only after the pickle was read.
import { type DType, dtypeSize } from '../core/dtype.ts'
import { type Complain, quote } from './complain.ts'
import { Global } from './globals.ts'
import { isCount, type Storage, show } from './storage.ts'
import type { ByteSource } from './types.ts'

export interface StorageId {
  dtype: DType
  key: string
  numel: number
  /** A window that the oldest files put between storage and tensor: [key, first element, elements]. */
  view: unknown
}

/** Reads a persistent id, or throws a CheckpointError. */
export function parseStorageId(id: unknown, complain: Complain, place: string): StorageId {
  const [kind, type, key, , numel, view = null] = Array.isArray(id) ? id : []
  const dtype = type instanceof Global ? type.dtype : undefined
  if (kind !== 'storage' || !dtype || typeof key !== 'string' || !isCount(numel)) {
    throw complain(place, "a persistent id ('storage', class, key, device, elements)", show(id))
  }
  return { dtype, key, numel, view }
}

/** A storage inside a file; `locate` checks its header and gives its first byte. */
export class FileStorage implements Storage {
  readonly dtype: DType
  readonly numel: number
  readonly key: string
  location: Storage['location']
  readonly #source: ByteSource
  readonly #locate: (storage: FileStorage) => Promise<number>
  #start: Promise<number> | undefined

  constructor(source: ByteSource, { dtype, numel, key }: StorageId, locate: (storage: FileStorage) => Promise<number>) {
    this.dtype = dtype
    this.numel = numel
    this.key = key
    this.#source = source
    this.#locate = locate
  }

  get byteLength(): number {
    return this.numel * dtypeSize[this.dtype]
  }

  start(): Promise<number> {
    this.#start ??= this.#locate(this)
    return this.#start
  }

  async bytes(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#source.read((await this.start()) + offset, length)
  }
}

/** Checks the headers of all storages and notes where they lie; over a network that waits until a tensor is read. */
export async function locateStorages(source: ByteSource, storages: Iterable<FileStorage>): Promise<void> {
  if (source.remote) return
  const queue = [...storages][Symbol.iterator]()
  const work = async () => {
    for (const storage of queue) {
      const offset = await storage.start()
      if (source.path !== undefined) storage.location = { path: source.path, offset }
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
}

/** One storage object per key; a key that comes back with another type or size is a lie. */
export function storageOnce(
  storages: Map<string, FileStorage>,
  id: StorageId,
  create: () => FileStorage,
  complain: Complain,
  place: string,
): FileStorage {
  const known = storages.get(id.key)
  if (known && (known.dtype !== id.dtype || known.numel !== id.numel)) {
    const expected = `storage ${quote(id.key)} to stay ${known.dtype} with ${known.numel} elements`
    throw complain(place, expected, `${id.dtype} with ${id.numel}`)
  }
  const storage = known ?? create()
  storages.set(id.key, storage)
  return storage
}
