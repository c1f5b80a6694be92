// The format of torch.save before PyTorch 1.6: five pickles (magic, protocol, system, tree, storage keys), then per key
// an int64 element count and the raw elements (torch/serialization.py, _legacy_save). Nothing but the pickles and counts is read.
import { fileErrors, list, quote, resave } from './file-error.ts'
import type { PickleContext } from './globals.ts'
import { maxEntries, maxPickleBytes } from './limits.ts'
import { newAllowance, type Pickled, type PickleHost, truncated, unpickle } from './pickle.ts'
import { StandIn } from './stand-in.ts'
import { isCount, type Storage, StorageValue, show } from './storage.ts'
import {
  FileStorage,
  isStorageId,
  locateStorages,
  parseStorageId,
  type StorageId,
  storageOnce,
} from './torch-storages.ts'
import type { ByteSource } from './types.ts'

/**
 * The tree of a legacy torch file as its unpickler built it.
 * @throws CheckpointError
 */
export async function readTorchLegacy(source: ByteSource): Promise<Pickled> {
  const fileError = fileErrors(source.name)
  const storages = new Map<string, FileStorage>()
  /** Bytes of the storages whose elements are not read, by key. */
  const skipped = new Map<string, number>()
  const offsets = new Map<string, number>()

  const locate = async (storage: FileStorage): Promise<number> => {
    const offset = offsets.get(storage.key)!
    const header = await source.read(offset, 8)
    const count = Number(new DataView(header.buffer).getBigInt64(0, true))
    const place = `storage ${quote(storage.key)} at byte ${offset}`
    if (count !== storage.numel) throw fileError(place, `${storage.numel} elements, as its pickle says`, `${count}`)
    return offset + 8
  }
  const persistent = (id: unknown, context: PickleContext) => {
    const parsed = parseStorageId(id, context)
    if (parsed instanceof StandIn) skipped.set(...skippedStorage(parsed, context))
    if (!isStorageId(parsed)) return parsed
    const storage = storageOnce(storages, parsed, () => new FileStorage(source, parsed, locate), context)
    return new StorageValue(parsed.view === null ? storage : viewOf(storage, parsed))
  }
  const viewOf = (storage: FileStorage, { key, view }: StorageId): Storage => {
    const [, first, numel] = Array.isArray(view) ? view : []
    if (!isCount(first) || !isCount(numel) || first + numel > storage.numel) {
      throw fileError(`storage ${quote(key)}`, `a view within ${storage.numel} elements`, show(view))
    }
    return part(storage, first, numel)
  }

  const pickles = picklesOf(source, { place: 'tree', fileError, persistent, allowance: newAllowance() })
  await pickles.next('magic number')
  const { value: version } = await pickles.next('protocol version')
  if (version !== 1001) throw fileError('protocol version', '1001', show(version), resave)
  const { value: system } = await pickles.next('system description')
  if (system instanceof Map && system.get('little_endian') === false) {
    throw fileError('system description', 'little-endian storages', 'big-endian ones', resave)
  }
  const tree = await pickles.next('tree')
  const { value: keys } = await pickles.next('storage keys')
  if (!Array.isArray(keys) || keys.length > maxEntries || keys.length !== storages.size + skipped.size) {
    throw fileError('storage keys', `the ${storages.size + skipped.size} keys of the tree`, show(keys))
  }
  let offset = pickles.at()
  for (const key of keys) {
    const byteLength = storages.get(key as string)?.byteLength ?? skipped.get(key as string)
    if (byteLength === undefined || offsets.has(key as string))
      throw fileError('storage keys', list(storages.keys(), 4), show(key))
    offsets.set(key as string, offset)
    offset += 8 + byteLength
    if (offset > source.size) {
      const remedy = 'The file is cut off: fetch it again.'
      throw fileError(
        `storage ${quote(String(key))}`,
        `its end at byte ${offset}`,
        `the file's at ${source.size}`,
        remedy,
      )
    }
  }
  await locateStorages(source, storages.values())
  return tree
}

/** Bytes of an element of the storages that are not read. */
const skippedElements = new Map([
  ['torch.ComplexFloatStorage', 8],
  ['torch.ComplexDoubleStorage', 16],
  ['torch.QInt8Storage', 1],
  ['torch.QUInt8Storage', 1],
  ['torch.QInt32Storage', 4],
  ['torch.QUInt4x2Storage', 1],
  ['torch.QUInt2x4Storage', 1],
])

function skippedStorage({ name, args }: StandIn, context: PickleContext): [key: string, bytes: number] {
  const size = skippedElements.get(name)
  if (size === undefined) {
    throw context.fail('a storage class whose elements have a known size, as others lie behind it', quote(name), resave)
  }
  const [key, numel] = args as [string, number]
  return [key, size * numel]
}

/** Elements `first` to `first + numel` of a storage. */
function part(storage: FileStorage, first: number, numel: number): Storage {
  const start = (first * storage.byteLength) / Math.max(storage.numel, 1)
  return {
    dtype: storage.dtype,
    numel,
    get location() {
      return storage.location && { path: storage.location.path, offset: storage.location.offset + start }
    },
    bytes: (offset, length) => storage.bytes(start + offset, length),
  }
}

/** Reads pickle after pickle; as their length is not written anywhere, more of the file is read whenever one is cut off. */
function picklesOf(source: ByteSource, host: PickleHost) {
  let bytes = new Uint8Array()
  let at = 0
  const grow = async (place: string) => {
    const size = Math.min(source.size, maxPickleBytes, Math.max(2 ** 18, 16 * bytes.length))
    if (size === bytes.length) throw host.fileError(place, 'a whole pickle', `its cut-off start at byte ${at}`)
    bytes = await source.read(0, size)
  }
  return {
    at: () => at,
    async next(place: string): Promise<Pickled> {
      for (;;) {
        const { opcodes, bytes: left } = host.allowance
        const result: Pickled | typeof truncated = unpickle(bytes, at, { ...host, place })
        if (result === truncated) {
          host.allowance.opcodes = opcodes // what was built is gone, and the file is not read more than three times
          host.allowance.bytes = left
          await grow(place)
          continue
        }
        at = result.end
        return result
      }
    },
  }
}
