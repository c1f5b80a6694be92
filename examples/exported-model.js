// Runs a folder that `distilled export` wrote with ONNX Runtime alone; nothing of this package is imported, so this is also the
// recipe for other languages. Needs `npm install onnxruntime-node`.
//   node examples/exported-model.js FOLDER                      does the known answer come out?
//   node examples/exported-model.js FOLDER fish 2 fish.ppm      an image of a class in two steps

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { InferenceSession, Tensor } from 'onnxruntime-node'

/**
 * Opens every graph of the folder.
 * @param {string} folder
 */
export async function openExported(folder) {
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))
  /** @type {Record<string, any>} */
  const sessions = {}
  for (const [name, { file }] of Object.entries(config.graphs)) {
    sessions[name] = await InferenceSession.create(join(folder, file), { logSeverityLevel: 3 })
  }

  /**
   * Sequence [N, L, C] and images uint8 [N, H, W, 3] of class ids and noise float32 [N, L, C].
   * @param {number[]} labels
   * @param {Float32Array} noise
   * @param {number} steps
   */
  async function generate(labels, noise, steps = 1) {
    const { tokens, channels, image_size: side } = config
    /** @type {{ graphs: string[] } | undefined} */
    const preset = config.presets.find((/** @type {{ steps: number }} */ known) => known.steps === steps)
    if (!preset) throw new Error(`This model has no preset of ${steps} steps.`)
    const shape = [labels.length, tokens, channels]
    const classes = new Tensor('int64', BigInt64Array.from(labels, BigInt), [labels.length])
    let sequence = noise
    for (const name of preset.graphs.slice(0, -1)) {
      const x = noise.slice() // the finished tokens of the sequence so far, then the noise
      const finished = config.graphs[name].finished_tokens * channels
      for (let start = 0; start < x.length; start += tokens * channels) {
        x.set(sequence.subarray(start, start + finished), start)
      }
      const out = await sessions[name].run({ labels: classes, x: new Tensor('float32', x, shape) })
      sequence = out.sequence.data
    }
    const { image } = await sessions.decoder.run({ sequence: new Tensor('float32', sequence, shape) })
    return { sequence, images: toBytes(image.data, side * side) }
  }
  return { config, generate }
}

/**
 * Planes [N, 3, H W] in [0, 1] to bytes [N, H W, 3].
 * @param {Float32Array} planes
 * @param {number} area
 */
function toBytes(planes, area) {
  const bytes = new Uint8ClampedArray(planes.length) // it clamps
  for (let i = 0; i < planes.length; i++) {
    const [image, channel, pixel] = [Math.floor(i / (3 * area)), Math.floor(i / area) % 3, i % area]
    bytes[3 * (image * area + pixel) + channel] = Math.floor(Math.fround(255 * /** @type {number} */ (planes[i])) + 0.5)
  }
  return bytes
}

/**
 * The tensors of a safetensors file: 8 bytes of length, a JSON header, the bytes it points into.
 * @param {string} path
 * @returns {Promise<Record<string, any>>}
 */
export async function readSafetensors(path) {
  const { buffer } = Uint8Array.from(await readFile(path))
  const start = 8 + Number(new DataView(buffer).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, start - 8)))
  const types = { F32: Float32Array, I64: BigInt64Array, U8: Uint8Array }
  return Object.fromEntries(
    Object.entries(header).map(
      ([
        name,
        {
          dtype,
          data_offsets: [from, to],
        },
      ]) => {
        const type = types[/** @type {keyof typeof types} */ (dtype)]
        return [name, new type(buffer.slice(start + from, start + to))]
      },
    ),
  )
}

/** Standard normal numbers (Box-Muller). @param {number} count */
const gaussian = (count) =>
  Float32Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()),
  )

/**
 * Mean difference of the images from the known answer in levels of 255, by steps.
 * @param {string} folder
 */
export async function checkKnownAnswer(folder) {
  const { config, generate } = await openExported(folder)
  const known = await readSafetensors(join(folder, config.known_answer.file))
  /** @type {Record<string, number>} */
  const levels = {}
  for (const { steps } of config.presets) {
    const { images } = await generate(Array.from(known.labels, Number), known.noise, steps)
    const expected = known[`steps_${steps}.image`]
    levels[steps] = images.reduce((sum, value, i) => sum + Math.abs(value - Number(expected[i])), 0) / images.length
  }
  return { levels, within: config.known_answer.mean_levels_within }
}

async function main() {
  const [folder, name, steps = '1', file = `${name}.ppm`] = process.argv.slice(2)
  if (folder === undefined) {
    console.error('Usage: node examples/exported-model.js FOLDER [CLASS] [STEPS] [FILE.ppm]')
    console.error('FOLDER is what `distilled export` wrote. Without CLASS its known answer is checked.')
    process.exitCode = 2
    return
  }
  if (name === undefined) {
    console.log(await checkKnownAnswer(folder))
    return
  }
  const { config, generate } = await openExported(folder)
  const label = Object.values(config.id2label).indexOf(name)
  if (label < 0) throw new Error(`No class "${name}"; known are ${Object.values(config.id2label).join(', ')}.`)
  const { images } = await generate([label], gaussian(config.tokens * config.channels), Number(steps))
  const side = config.image_size
  await writeFile(file, Buffer.concat([Buffer.from(`P6 ${side} ${side} 255\n`), Buffer.from(images.buffer)]))
  console.log(file)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
