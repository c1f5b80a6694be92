// Records what the Explain view shows of the embedded teachers: for one picture of each family every token with the
// conditional it was drawn from, the codebook, pictures of finished groups, and pictures whose tokens were drawn independently.
//
//   node scripts/web-explain.js        writes web/src/views/explain/recorded/
//
// Runs on one thread in some seconds. The seeds are chosen by eye, for pictures that show much in 32 pixels.

import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { build } from './build.js'

build()
const { load } = await import('../dist/index.js')
const { createEngine } = await import('../dist/engine/node/engine.js')
const { float32, hostData, int64 } = await import('../dist/engine/types.js')
const { lookupGraph } = await import('../dist/models/student.js')
const { drawTokens, filtered } = await import('../dist/sampling/draw.js')
const { softmax } = await import('../dist/sampling/filter.js')
const { isGuided } = await import('../dist/sampling/plan.js')
const { programCache } = await import('../dist/sampling/programs.js')
const { uniforms } = await import('../dist/core/random/philox.js')

const folder = fileURLToPath(new URL('../web/src/views/explain/recorded/', import.meta.url))
/** Cups: with tokens drawn independently, a cup has no side for its handle and no colour. */
const label = 9
/** Likeliest entries that are kept of each conditional. */
const kept = 5
/** Pictures that the frequencies of independent tokens come from. */
const counted = 200

const families = [
  { name: 'sprites-var', student: 'sprites-var-dd', seed: 11 },
  { name: 'sprites-llamagen', student: 'sprites-llamagen-dd', seed: 9 },
]

/** @typedef {import('../src/sampling/family.ts').Family} Family */

/** @param {{ name: string, student: string, seed: number }} entry */
async function record({ name, student, seed }) {
  const model = await load(student, { device: 'cpu', threads: 1 })
  const family = /** @type {Family} */ (model.family)
  const engine = await createEngine({ device: 'cpu', threads: 1 })
  const programs = programCache(engine)
  const plan = model.plan({ teacherOnly: true })
  if (plan.kind !== 'teacher' || !family.teacher) throw new Error(`${name} has no teacher.`)
  const settings = plan.teacher
  const { groups, channels, imageSize } = family
  const length = groups.reduce((sum, size) => sum + size, 0)
  const starts = groups.map((_, g) => groups.slice(0, g).reduce((sum, size) => sum + size, 0))

  /** @param {number[]} images @param {(group: number, logits: Float32Array) => void} [onLogits] */
  async function drawn(images, onLogits) {
    const session = family.teacher?.(programs, {
      labels: images.map(() => label),
      guided: isGuided(family, settings),
      prefixMask: settings.prefixMask,
    })
    if (!session) throw new Error('There is no teacher.')
    const prefix = new Int32Array(0)
    const request = {
      session,
      settings,
      prefix,
      from: 0,
      to: groups.length,
      seed,
      images,
      ...(onLogits && { onLogits }),
    }
    const indices = await drawTokens(family, request)
    session.dispose()
    return indices
  }

  /** Vectors [n, C] of indices. @param {ArrayLike<number>} indices */
  async function vectors(indices) {
    const program = await programs.get('lookup', () => lookupGraph(family.codebook()))
    const feeds = { indices: int64(Array.from(indices), [1, indices.length]) }
    return /** @type {Float32Array} */ (hostData((await program.run(feeds)).sequence))
  }

  /** Pictures as RGB bytes of sequences [n, L, C]. @param {Float32Array[]} sequences */
  async function pictures(sequences) {
    const program = await programs.get('decoder', () => family.decoder())
    const found = []
    for (const sequence of sequences) {
      const out = await program.run({ sequence: float32(sequence, [1, length, channels]) })
      const planes = /** @type {Float32Array} */ (hostData(out.image))
      const size = imageSize * imageSize
      found.push(
        Uint8Array.from({ length: 3 * size }, (_, i) => toByte(Number(planes[(i % 3) * size + Math.floor(i / 3)]))),
      )
    }
    return found
  }

  /** Of each token: its entry, then the likeliest entries with their probabilities. */
  const choices = /** @type {number[][]} */ ([])
  const tokens = await drawn([0], (group, logits) => {
    const width = logits.length / Number(groups[group])
    for (let i = 0; i < Number(groups[group]); i++) {
      const p = Array.from(softmax(filtered(family, settings, logits.subarray(i * width, (i + 1) * width))))
      const order = p.map((_, j) => j).sort((a, b) => Number(p[b]) - Number(p[a]))
      choices.push(order.slice(0, kept).flatMap((j) => [j, rounded(Number(p[j]), 4)]))
    }
  })
  const sequence = await vectors(tokens)
  const entries = 256
  const codebook = await vectors(Array.from({ length: entries }, (_, j) => j))

  // what the decoder makes of one entry alone: everywhere, or on VAR's first scale
  const alone = Array.from({ length: entries }, (_, j) => {
    const own = codebook.subarray(j * channels, (j + 1) * channels)
    const everywhere = family.name === 'var' ? 1 : length
    return Float32Array.from({ length: length * channels }, (_, i) =>
      i < everywhere * channels ? Number(own[i % channels]) : 0,
    )
  })
  const tiles = (await pictures(alone)).map((picture) => middle(picture, imageSize, 4))

  const until = (/** @type {number} */ groupsDone) =>
    sequence.map((v, i) => (i < (starts[groupsDone] ?? length) * channels ? v : 0))
  const finished = family.name === 'var' ? groups.map((_, g) => until(g + 1)) : [sequence]

  const others = await drawn(Array.from({ length: counted }, (_, i) => 1000 + i))
  const independent = []
  for (let k = 0; k < 4; k++) {
    const u = uniforms(seed, k, 77, length)
    independent.push(await vectors(Array.from(u, (x, p) => Number(others[Math.floor(x * counted) * length + p]))))
  }

  const short = family.name
  await sheet(
    `${short}.png`,
    await pictures([...finished, ...independent]),
    imageSize,
    finished.length + independent.length,
  )
  await sheet(`${short}-codes.png`, tiles, 4, 16)
  await programs.close()
  await engine.dispose?.()
  await model.dispose()
  const { cfg, topK, topP, temperature } = settings
  return {
    model: name,
    class: model.classes.labels[label],
    label,
    seed,
    sampling: { cfg, topK, topP, temperature },
    groups,
    pictures: { finished: finished.length, independent: independent.length },
    codebook: Array.from({ length: entries }, (_, j) =>
      Array.from(codebook.subarray(j * channels, (j + 1) * channels), (v) => rounded(v, 2)),
    ),
    tokens: choices.map((top, i) => [Number(tokens[i]), ...top]),
  }
}

/** @param {number} v @param {number} digits */
const rounded = (v, digits) => Number(v.toFixed(digits)) + 0

/** @param {number} v from 0 to 1 */
const toByte = (v) => Math.min(255, Math.max(0, Math.round(255 * v)))

/** The middle of a picture. @param {Uint8Array} picture @param {number} size @param {number} side */
function middle(picture, size, side) {
  const from = (size - side) / 2
  return Uint8Array.from({ length: 3 * side * side }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side), i % 3]
    return Number(picture[3 * ((from + y) * size + from + x) + c])
  })
}

/** Pictures side by side. @param {string} name @param {Uint8Array[]} pictures @param {number} side @param {number} columns */
async function sheet(name, pictures, side, columns) {
  const width = side * columns
  const height = side * Math.ceil(pictures.length / columns)
  const data = new Uint8Array(3 * width * height)
  for (const [k, picture] of pictures.entries()) {
    const [left, top] = [(k % columns) * side, Math.floor(k / columns) * side]
    for (let y = 0; y < side; y++)
      data.set(picture.subarray(3 * y * side, 3 * (y + 1) * side), 3 * ((top + y) * width + left))
  }
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toFile(`${folder}${name}`)
}

await mkdir(folder, { recursive: true })
for (const entry of families) {
  const found = await record(entry)
  const rows = (/** @type {number[][]} */ list) => list.map((row) => `    [${row.join(', ')}]`).join(',\n')
  const { codebook, tokens, ...facts } = found
  const head = JSON.stringify(facts, null, 2).replace(/\[[^\]]*\]/g, (list) =>
    list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
  )
  const text = `${head.slice(0, -2)},\n  "codebook": [\n${rows(codebook)}\n  ],\n  "tokens": [\n${rows(tokens)}\n  ]\n}\n`
  await writeFile(`${folder}${entry.name.replace('sprites-', '')}.json`, text)
  console.log(`${entry.name}: ${tokens.length} tokens`)
}
