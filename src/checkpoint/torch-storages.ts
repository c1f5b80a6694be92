// The common part of both torch formats: the persistent id of a storage, ('storage', class, key, device, elements, view),
// as torch/serialization.py writes it, and storages that learn where their bytes lie only after the pickle was read.
import { type DType, dtypeSize } from '../core/dtype.ts'
import { quote } from './file-error.ts'
import { Global, type PickleContext } from './globals.ts'
import { inflate } from './inflate.ts'
import { builtBytes } from './limits.ts'
import type { StandIn } from './stand-in.ts'
import { isCount, type Storage, show } from './storage.ts'
import type { ByteSource } from './types.ts'
import type { ZipEntry } from './zip.ts'

export interface StorageId {
  dtype: DType
  key: string
  numel: number
  /** A window that the oldest files put between storage and tensor: [key, first element, elements]. */
  view: unknown
}

/**
 * Reads a persistent id: a storage, or what stands for one when its elements are of a type that is not read here.
 * The oldest files also name the classes of modules by one, beside their source text: the class is all that is kept.
 * @throws CheckpointError
 */
export function parseStorageId(id: unknown, context: PickleContext): StorageId | Global | StandIn {
  const [kind, type, key, , numel, view = null] = Array.isArray(id) ? id : []
  if (kind === 'module' && type instanceof Global) return type
  const isStorage = kind === 'storage' && type instanceof Global && typeof key === 'string' && isCount(numel)
  if (isStorage && type.dtype) return { dtype: type.dtype, key, numel, view }
  if (isStorage && !type.isKnown) return context.standIn(type.name, [key, numel])
  const found = type instanceof Global ? `${show(id)} of class ${quote(type.name)}` : show(id)
  throw context.fail("a persistent id ('storage', class, key, device, elements)", found)
}

export const isStorageId = (id: StorageId | Global | StandIn): id is StorageId => 'numel' in id

/** A storage inside a file; `locate` checks its header and gives its first byte. */
export class FileStorage implements Storage {
  readonly dtype: DType
  readonly numel: number
  readonly key: string
  location: Storage['location']
  packed: Storage['packed']
  readonly #source: ByteSource
  readonly #locate: (storage: FileStorage) => Promise<number>
  readonly #deflated: ZipEntry | undefined
  #start: Promise<number> | undefined

  /** @param deflated the zip entry when its bytes are compressed: they are inflated whenever they are read */
  constructor(
    source: ByteSource,
    { dtype, numel, key }: StorageId,
    locate: (storage: FileStorage) => Promise<number>,
    deflated?: ZipEntry,
  ) {
    this.dtype = dtype
    this.numel = numel
    this.key = key
    this.#source = source
    this.#locate = locate
    this.#deflated = deflated
  }

  get byteLength(): number {
    return this.numel * dtypeSize[this.dtype]
  }

  start(): Promise<number> {
    this.#start ??= this.#locate(this)
    return this.#start
  }

  async bytes(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const start = await this.start()
    if (!this.#deflated) return this.#source.read(start + offset, length)
    const whole = await inflate(this.#source, start, this.#deflated, this.byteLength)
    return whole.subarray(offset, offset + length)
  }

  /** Checks its header and notes where in a local file it lies. */
  async settle(path: string | undefined): Promise<void> {
    const offset = await this.start()
    if (path === undefined) return
    if (this.#deflated) this.packed = { path, offset, byteLength: this.#deflated.compressedSize }
    else this.location = { path, offset }
  }
}

/** Checks the headers of all storages and notes where they lie; over a network that waits until a tensor is read. */
export async function locateStorages(source: ByteSource, storages: Iterable<FileStorage>): Promise<void> {
  if (source.remote) return
  const queue = [...storages][Symbol.iterator]()
  const work = async () => {
    for (const storage of queue) await storage.settle(source.path)
  }
  await Promise.all(Array.from({ length: 8 }, work))
}

/** One storage object per key; a key that comes again with another type or size is an error. */
export function storageOnce(
  storages: Map<string, FileStorage>,
  id: StorageId,
  create: () => FileStorage,
  context: PickleContext,
): FileStorage {
  const known = storages.get(id.key)
  if (known && (known.dtype !== id.dtype || known.numel !== id.numel)) {
    const expected = `storage ${quote(id.key)} to stay ${known.dtype} with ${known.numel} elements`
    throw context.fail(expected, `${id.dtype} with ${id.numel}`)
  }
  context.spend(known ? builtBytes.object : builtBytes.tensor)
  const storage = known ?? create()
  storages.set(id.key, storage)
  return storage
}
