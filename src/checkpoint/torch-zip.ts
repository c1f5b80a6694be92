// The format of torch.save since PyTorch 1.6: a zip of stored entries, data.pkl with the tree and data/KEY with the storages
// (torch/serialization.py, caffe2/serialize/inline_container.cc). Only the directory and the pickle are read on opening.
// Archives that a person unpacked and zipped again are deflated: their storages are inflated when they are read.
import { fileErrors, list, quote } from './file-error.ts'
import type { PickleContext } from './globals.ts'
import { inflate } from './inflate.ts'
import { maxPickleBytes } from './limits.ts'
import { newAllowance, type Pickled, truncated, unpickle } from './pickle.ts'
import { StorageValue } from './storage.ts'
import { FileStorage, isStorageId, locateStorages, parseStorageId, storageOnce } from './torch-storages.ts'
import type { ByteSource } from './types.ts'
import { locateEntry, type ZipEntry } from './zip.ts'

/** The folder of the archive that holds data.pkl, with its slash ('' for none); undefined when this is no torch file. */
export function torchFolder(entries: ReadonlyMap<string, ZipEntry>): string | undefined {
  for (const name of entries.keys()) if (/^(?:[^/]+\/)*data\.pkl$/.test(name)) return name.slice(0, -'data.pkl'.length)
  return undefined
}

/**
 * The tree of a torch zip file as its unpickler built it.
 * @throws CheckpointError
 */
export async function readTorchZip(
  source: ByteSource,
  entries: ReadonlyMap<string, ZipEntry>,
  folder: string,
): Promise<Pickled> {
  const fileError = fileErrors(source.name)
  const entryOf = (name: string, place: string): ZipEntry => {
    const entry = entries.get(folder + name)
    if (!entry) throw fileError(place, `the zip entry ${quote(folder + name)}`, list(entries.keys(), 4))
    return entry
  }
  const read = async (entry: ZipEntry) => {
    const start = await locateEntry(source, entry)
    return entry.compressed ? inflate(source, start, entry, entry.size) : source.read(start, entry.size)
  }

  const others = [...entries.keys()].filter((name) => /(^|\/)data\.pkl$/.test(name) && name !== `${folder}data.pkl`)
  if (others.length) throw fileError('zip directory', 'one data.pkl', list([`${folder}data.pkl`, ...others]))
  if (entries.has(`${folder}byteorder`)) {
    const entry = entryOf('byteorder', 'byteorder')
    const order = new TextDecoder().decode(entry.size > 16 ? new Uint8Array() : await read(entry))
    if (order !== 'little')
      throw fileError('byteorder', 'little', quote(order), 'Save it again on a little-endian machine.')
  }

  const storages = new Map<string, FileStorage>()
  const persistent = (id: unknown, context: PickleContext) => {
    const parsed = parseStorageId(id, context)
    if (!isStorageId(parsed)) return parsed
    const create = () => {
      const entry = entryOf(`data/${parsed.key}`, context.place)
      const locate = () => locateEntry(source, entry)
      const storage = new FileStorage(source, parsed, locate, entry.compressed ? entry : undefined)
      if (entry.size !== storage.byteLength) {
        const expected = `${storage.byteLength} bytes for ${parsed.numel} ${parsed.dtype} elements`
        throw fileError(`zip entry ${quote(entry.name)}`, expected, `${entry.size}`)
      }
      return storage
    }
    return new StorageValue(storageOnce(storages, parsed, create, context))
  }

  const pickle = entryOf('data.pkl', 'zip directory')
  if (pickle.size > maxPickleBytes) throw fileError('data.pkl', `at most ${maxPickleBytes} bytes`, `${pickle.size}`)
  const host = { place: 'data.pkl', fileError, persistent, allowance: newAllowance() }
  const result = unpickle(await read(pickle), 0, host)
  if (result === truncated) throw fileError('data.pkl', 'a STOP opcode', `the end after ${pickle.size} bytes`)
  if (result.end !== pickle.size)
    throw fileError('data.pkl', 'its end after STOP', `${pickle.size - result.end} bytes more`)
  await locateStorages(source, storages.values())
  return result
}
