// How files of each format begin.

const begins = (bytes: Uint8Array, magic: readonly number[], at = 0) => magic.every((byte, i) => bytes[at + i] === byte)

export const npyMagic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
const zip = [0x50, 0x4b]
const torchLegacy = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]

export const isZip = (bytes: Uint8Array): boolean => begins(bytes, zip)

export const isNpy = (bytes: Uint8Array): boolean => begins(bytes, npyMagic)

/** Whether a file's first 32 bytes hold the pickled magic number; from protocol 4 on a frame precedes it. */
export const isTorchLegacy = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x80 && [2, 11].some((at) => begins(bytes, torchLegacy, at))

/** The brace behind the length of a safetensors header; the others have to be asked for first. */
export const isSafetensors = (bytes: Uint8Array): boolean => bytes[8] === 0x7b
