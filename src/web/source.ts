// The files that `load` needs, with their addresses: for an embedded model's name, for addresses of checkpoints, or for a folder
// that `distilled export` wrote. All addresses are absolute; those of an exported folder stay inside it.

import { DownloadError, nearest, UsageError } from '../core/errors.ts'
import { runtimeFiles, type WebDevice } from '../engine/web-runtime.ts'
import type { Role } from '../library/assemble.ts'
import { type ExportedConfig, neededFiles, readConfig } from '../library/exported.ts'
import { embedded } from '../zoo/embedded.ts'
import { type FindOptions, findFile, type WebFile } from './files.ts'

/** Addresses of checkpoint files, safetensors or PyTorch's, relative to the page. */
export interface CheckpointUrls {
  student?: string | undefined
  teacher?: string | undefined
  tokenizer: string
}

export interface SourceOptions extends FindOptions {
  /** Folder of the embedded models' files; './models/' by default. */
  base?: string | undefined
  /** Also load the teacher. */
  needTeacher?: boolean | undefined
}

/** Where a model's files are, by the names that the worker uses. */
export interface ModelSource {
  name: string
  files: Record<string, WebFile>
  /** The known answer of the self-test. */
  answer?: WebFile
  /** Embedded models and checkpoints: the file of each role. */
  roles?: Partial<Record<Role, string>>
  /** Exported folders. */
  config?: ExportedConfig
}

/** Names of the models that come with the package. */
export const embeddedNames: readonly string[] = embedded.filter(({ kind }) => kind === 'student').map((e) => e.name)

/**
 * @throws UsageError when there is no such model, DownloadError for a folder without a config.json of `distilled export`
 */
export async function findSource(what: string | CheckpointUrls, options: SourceOptions): Promise<ModelSource> {
  if (typeof what !== 'string') return checkpoints(what)
  if (embeddedNames.includes(what)) return embeddedModel(what, options)
  if (/[/.:]/.test(what)) return exportedFolder(what, options)
  const near = nearest(what, embeddedNames)
  throw new UsageError(`There is no model "${what}" in this package; there are ${embeddedNames.join(', ')}.`, {
    remedy: near ? `Did you mean ${near}?` : 'The address of an exported folder ends with "/".',
  })
}

/** The WebAssembly of ONNX Runtime, fetched in the same way as a model's files. */
export function runtimeBinary(device: WebDevice, folder: string): WebFile {
  const { binary } = runtimeFiles[device]
  const remedy = 'Serve the files of node_modules/onnxruntime-web/dist there, or name their folder with `ort`.'
  return { url: new URL(binary, folder).href, what: 'ONNX Runtime', remedy }
}

/** The absolute form of an address relative to the page. */
export const absolute = (address: string): string =>
  new URL(address, globalThis.document?.baseURI ?? location.href).href

/** A folder's address must end with a slash; without one, its files would be looked for in the folder above. */
export const folderOf = (address: string): string => absolute(address.endsWith('/') ? address : `${address}/`)

function embeddedModel(name: string, { base = './models/', needTeacher }: SourceOptions): ModelSource {
  const entry = embedded.find((e) => e.name === name)!
  if (entry.kind !== 'student') throw new TypeError(name)
  const folder = folderOf(base)
  const remedy = "Serve the package's models/ folder there, or name another with `base`."
  const file = (part: string, what: string): WebFile => ({
    url: new URL(`${part}.safetensors`, folder).href,
    what: `${what} of ${name}`,
    remedy,
  })
  const teacher = needTeacher ? entry.teacher : undefined
  return {
    name,
    files: {
      student: file(name, 'the student'),
      tokenizer: file(entry.tokenizer, 'the tokenizer'),
      ...(teacher && { teacher: file(teacher, 'the teacher') }),
    },
    roles: { student: 'student', tokenizer: 'tokenizer', ...(teacher && { teacher: 'teacher' }) },
    answer: file(`${name}.known-answer`, 'the known answer'),
  }
}

function checkpoints(urls: CheckpointUrls): ModelSource {
  const given = (['student', 'teacher', 'tokenizer'] as const).filter((role) => urls[role] !== undefined)
  if (!urls.tokenizer || given.length < 2) {
    throw new UsageError('A model needs a tokenizer and a student or a teacher.', {
      remedy: "For example load({ student: 'var-d16.pth', tokenizer: 'vae_ch160v4096z32.pth' }).",
    })
  }
  const entries = given.map((role): [string, WebFile] => {
    return [role, { url: absolute(urls[role]!), what: `the ${role}'s checkpoint` }]
  })
  return { name: 'custom', files: Object.fromEntries(entries), roles: Object.fromEntries(given.map((r) => [r, r])) }
}

async function exportedFolder(address: string, options: SourceOptions): Promise<ModelSource> {
  const folder = folderOf(address.replace(/config\.json$/, ''))
  const remedy = 'Expected a folder that `distilled export` wrote: check the address.'
  const configFile: WebFile = { url: new URL('config.json', folder).href, what: 'facts of an exported model', remedy }
  const config = readConfig(configFile.url, await (await findFile(configFile, options)).read())
  const file = (path: string): WebFile => {
    const { href } = new URL(path, folder)
    if (!href.startsWith(folder)) {
      throw new DownloadError(`${configFile.url} names "${path}", which lies outside of its folder.`, {
        remedy: 'Take this export from a source you trust.',
      })
    }
    const known = config.files.find((entry) => entry.path === path)
    const what = `${path} of ${config.name}`
    return { url: href, what, bytes: known?.bytes, sha256: known?.sha256, remedy: 'Copy the whole exported folder.' }
  }
  return {
    name: config.name,
    files: Object.fromEntries(neededFiles(config).map((path) => [path, file(path)])),
    answer: file(config.known_answer.file),
    config,
  }
}
