// The part of gifenc that is used here; the package has no types of its own.
declare module 'gifenc' {
  type Colour = [number, number, number]
  interface Stream {
    writeByte(byte: number): void
    writeBytes(bytes: Uint8Array): void
  }
  interface Encoder {
    readonly stream: Stream
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      options: { palette: Colour[]; delay: number; repeat: number },
    ): void
    finish(): void
    bytes(): Uint8Array<ArrayBuffer>
  }
  export function GIFEncoder(): Encoder
  export function quantize(rgba: Uint8ClampedArray | Uint8Array, colours: number): Colour[]
  export function applyPalette(rgba: Uint8ClampedArray | Uint8Array, palette: Colour[]): Uint8Array
}
