// Converts between the bytes of an image and the planes [3, S, S] in [-1, 1] that networks train on.

/** Rows of R, G, B bytes to float32 planes in [-1, 1]. */
export function toPlanes(bytes: Uint8Array): Float32Array {
  const area = bytes.length / 3
  const out = new Float32Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) out[(i % 3) * area + Math.floor(i / 3)] = bytes[i]! / 127.5 - 1
  return out
}

/** The inverse of `toPlanes`. */
export function toBytes(planes: Float32Array): Uint8Array {
  const area = planes.length / 3
  return Uint8Array.from({ length: planes.length }, (_, i) =>
    Math.round((planes[(i % 3) * area + Math.floor(i / 3)]! + 1) * 127.5),
  )
}
