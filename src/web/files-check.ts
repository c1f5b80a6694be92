// Errors for a file that a server sent: missing, a web page, cut off, or not the expected file.

import { DownloadError } from '../core/errors.ts'

export interface WebFile {
  /** Absolute address. */
  url: string
  /** What it is, for errors: 'the student of sprites-var-dd'. */
  what: string
  /** What to do when it is not there. */
  remedy?: string | undefined
  /** Known size and hash. */
  bytes?: number | undefined
  sha256?: string | undefined
}

/** "ADDRESS (the student of sprites-var-dd) is ..." */
export function explained({ url, what }: WebFile, fault: string, remedy: string, cause?: unknown): DownloadError {
  return new DownloadError(`${url} (${what}) ${fault}.`, { remedy, cause })
}

/** The error for an HTTP status other than success. */
export function missing(file: WebFile, status: number): DownloadError {
  if (status === 404 || status === 410) {
    return explained(file, `is not there (${status})`, file.remedy ?? 'Check the address.')
  }
  const remedy = status >= 500 ? 'The server has a fault: try again later.' : 'Check the address and who may read it.'
  return explained(file, `cannot be had: the server answered ${status}`, remedy)
}

/** The error for HTML instead of the file. */
export const webPage = (file: WebFile): DownloadError =>
  explained(
    file,
    'is a web page: many servers answer with their start page when a file is missing',
    file.remedy ?? 'Check the address.',
  )

/**
 * Checks that the bytes can be the file.
 * @throws DownloadError for an empty file, a web page, a wrong size or hash
 */
export function checkContent(file: WebFile, bytes: Uint8Array, sha256: string | undefined): void {
  if (!bytes.length) throw explained(file, 'is empty', file.remedy ?? 'Check the address.')
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart()
  if (/^<(!doctype|html)/i.test(start)) {
    throw webPage(file)
  }
  if (start.startsWith('version https://git-lfs')) {
    throw explained(file, 'is a Git LFS pointer and not the file', 'Run `git lfs pull` where the server takes it from.')
  }
  if (file.bytes !== undefined && bytes.length !== file.bytes) {
    throw explained(file, `has ${bytes.length} bytes, expected ${file.bytes}`, changed)
  }
  if (sha256 !== undefined && sha256 !== file.sha256) {
    throw explained(file, `has the SHA-256 ${sha256}, expected ${file.sha256}`, changed)
  }
}

const changed = 'The file is damaged, or of another version than the others in its folder: copy the whole folder again.'

/** SHA-256 in hexadecimal; undefined on insecure origins, where browsers do not compute it. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const hash = await globalThis.crypto?.subtle?.digest('SHA-256', bytes)
  return hash && Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
