// The centre square of an image as guided diffusion, DiT and LlamaGen cut it for training: halved with a box filter
// while it is at least twice too large, then bicubic to size (llamagen: dataset/augmentation.py:center_crop_arr).
import type { RgbImage } from '../images/rgb.ts'
import { bicubic, box, resample } from './resample.ts'

/**
 * `size` x `size` pixels from the middle of an image of any size.
 * @see openai/guided-diffusion guided_diffusion/image_datasets.py:center_crop_arr
 * @example
 * centerCrop(await readImage('photo.jpg'), 256)
 */
export function centerCrop(image: RgbImage, size: number): RgbImage {
  let now = image
  while (Math.min(now.width, now.height) >= 2 * size) {
    now = resample(now, Math.floor(now.width / 2), Math.floor(now.height / 2), box)
  }
  const scale = size / Math.min(now.width, now.height)
  return middle(resample(now, halfToEven(now.width * scale), halfToEven(now.height * scale), bicubic), size)
}

function middle({ data, width, height }: RgbImage, size: number): RgbImage {
  const left = Math.floor((width - size) / 2)
  const top = Math.floor((height - size) / 2)
  const out = new Uint8Array(3 * size * size)
  for (let y = 0; y < size; y++) {
    const start = 3 * ((top + y) * width + left)
    out.set(data.subarray(start, start + 3 * size), 3 * size * y)
  }
  return { data: out, width: size, height: size }
}

/** Python's round. */
function halfToEven(value: number): number {
  const down = Math.floor(value)
  return value - down === 0.5 ? down + (down % 2) : Math.round(value)
}
