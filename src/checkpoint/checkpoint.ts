// Opens checkpoints of every format. The first bytes select the reader, the reader gives a tree, and the tree holds state dicts.
// The caller says where in the tree a model keeps its weights (`selectStateDict`).
// Readers other than that of safetensors are imported when a file needs them, so most pages never load them.
import { type FileError, fileErrors, list, quote } from './file-error.ts'
import { isNpy, isSafetensors, isTorchLegacy, isZip } from './magic.ts'
import { readSafetensors } from './safetensors.ts'
import { findStateDicts, settle, tensorsOf } from './tree.ts'
import type { ByteSource, Checkpoint, Format, NamedStateDict, Value } from './types.ts'

interface Content {
  format: Format
  root: unknown
  metadata?: ReadonlyMap<string, string>
  notRead?: Iterable<string>
}

/**
 * Opens a checkpoint of any supported format over any byte source. Reads its directory and pickle, but no tensor;
 * nothing in the file is executed. Closing the checkpoint closes the source; on failure the source stays open.
 * @throws CheckpointError naming file, place, expectation, finding and remedy
 * @example
 * const checkpoint = await openCheckpoint(bufferSource('tiny.npz', bytes))
 * const mean = await checkpoint.tensors().get('mu').read()
 */
export async function openCheckpoint(source: ByteSource): Promise<Checkpoint> {
  const fileError = fileErrors(source.name)
  const { format, root: raw, metadata = new Map(), notRead: unknown = [] } = await readContent(source, fileError)
  const root = settle(raw, fileError, 'tree')
  const stateDicts = findStateDicts(root)
  const notRead = [...unknown]
  return {
    name: source.name,
    size: source.size,
    format,
    root,
    metadata,
    stateDicts,
    notRead,
    tensors(path = []) {
      let value: Value | undefined = root
      for (const key of path) value = value instanceof Map ? value.get(key) : undefined
      if (value instanceof Map) return tensorsOf(value).tensors
      throw fileError(
        'tree',
        `a dict at ${quote(path.join('.'))}`,
        `tensors at ${list(stateDicts.map((s) => s.path))}`,
        remedyFor({ format, stateDicts, notRead }),
      )
    },
    close: () => source.close(),
  }
}

const wrongFile = 'Is this the right file? `distilled inspect FILE` shows what it holds.'

/**
 * What to do when no state dict is where it is looked for: weights in another place are saved again, and so are those of a file
 * that has no dict of tensors but has objects, because the network itself was saved.
 */
function remedyFor({ format, stateDicts, notRead }: Pick<Checkpoint, 'format' | 'stateDicts' | 'notRead'>): string {
  const [first] = stateDicts
  if (first?.path && format.startsWith('torch')) {
    const keys = first.path.split('.').map((key) => `[${quote(key)}]`)
    return `Only these places are read: save the weights that you mean in a file of their own, for example torch.save(torch.load(FILE)${keys.join('')}, "weights.pth") for ${quote(first.path)}.`
  }
  if (first || !notRead.length) return wrongFile
  return `It holds objects (${list(notRead, 3)}) and no dict of tensors: load it where it was made and save torch.save(model.state_dict(), FILE).`
}

async function readContent(source: ByteSource, fileError: FileError): Promise<Content> {
  const start = await source.read(0, Math.min(32, source.size))
  if (isZip(start)) return readZip(source, fileError)
  if (isTorchLegacy(start)) {
    const { readTorchLegacy } = await import('./torch-legacy.ts')
    const { value, notRead } = await readTorchLegacy(source)
    return { format: 'torch legacy', root: value, notRead }
  }
  if (isNpy(start)) {
    const { readNpy } = await import('./npy.ts')
    return { format: 'npy', root: new Map([['arr_0', await readNpy(source)]]) }
  }
  if (isSafetensors(start)) {
    const { tensors, metadata, notRead } = await readSafetensors(source)
    return { format: 'safetensors', root: tensors, metadata, notRead }
  }
  const found = source.size === 0 ? 'an empty file' : `bytes ${Array.from(start.subarray(0, 16), hex).join(' ')}`
  throw fileError('start of file', 'a checkpoint (torch, safetensors, npz or npy)', found, wrongFormat)
}

const hex = (byte: number) => byte.toString(16).padStart(2, '0')
const wrongFormat = 'A web page or a Git LFS pointer saved in its place is a common reason: download the file itself.'

async function readZip(source: ByteSource, fileError: FileError): Promise<Content> {
  const { readZipDirectory } = await import('./zip.ts')
  const { readTorchZip, torchFolder } = await import('./torch-zip.ts')
  const entries = await readZipDirectory(source)
  const folder = torchFolder(entries)
  if (folder !== undefined) {
    const { value, notRead } = await readTorchZip(source, entries, folder)
    return { format: 'torch zip', root: value, notRead }
  }
  if (entries.size && [...entries.keys()].every((name) => name.endsWith('.npy'))) {
    const { readNpz } = await import('./npz.ts')
    const { arrays, notRead } = await readNpz(source, entries)
    return { format: 'npz', root: arrays, notRead }
  }
  throw fileError('zip directory', 'FOLDER/data.pkl (torch) or only .npy entries (numpy)', list(entries.keys(), 4))
}

/**
 * The first of `candidates` that the checkpoint holds, e.g. ['trainer.ema_parameters', 'trainer.var_wo_ddp'];
 * '' is the root itself. A prefix that all names have (`module.`, `_orig_mod.`) is removed and given in `prefix`.
 * @throws CheckpointError that lists the state dicts there are
 * @example
 * const { path, tensors } = selectStateDict(checkpoint, ['trainer.ema_parameters', 'ema', 'model', ''])
 */
export function selectStateDict(
  checkpoint: Checkpoint,
  candidates: readonly string[],
): Pick<NamedStateDict, 'path' | 'prefix' | 'tensors'> {
  for (const candidate of candidates) {
    const found = checkpoint.stateDicts.find(({ path }) => path === candidate)
    if (found) return { path: found.path, prefix: found.prefix, tensors: found.tensors }
  }
  const found = list(checkpoint.stateDicts.map(({ path }) => path))
  throw fileErrors(checkpoint.name)('tree', `tensors at ${list(candidates)}`, `them at ${found}`, remedyFor(checkpoint))
}
