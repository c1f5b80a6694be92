// How many tokens change when the flow map's solver is refined: the table of docs/FLOW-MAP.md.
//
//   node scripts/flow-map-convergence.js                        codebooks and distributions made up for it
//   node scripts/flow-map-convergence.js TEACHER TOKENIZER      conditionals of a teacher, as it draws images
//
// Tokens are compared with those of 512 steps of dpm. Runs on one thread, in about two minutes.

import { build } from './build.js'

build()
const { createEngine } = await import('../dist/engine/node/engine.js')
const { float32, hostData } = await import('../dist/engine/types.js')
const { constant } = await import('../dist/graph/tensor.js')
const { flowMapGraph } = await import('../dist/sampling/flow-map.js')
const { schedule } = await import('../dist/sampling/flow-schedule.js')
const { noise } = await import('../dist/core/random/philox.js')

/**
 * @typedef {{ name: string, codebook: import('../dist/graph/index.js').Tensor, logits: Float32Array, noise: Float32Array }} Case
 * @typedef {import('../dist/sampling/flow-schedule.js').Schedule} Schedule
 * @typedef {'dpm' | 'heun' | 'euler'} Solver
 */

/** @param {Solver} solver @param {number} steps @returns {[string, Schedule]} */
const row = (solver, steps) => [`${solver}, ${steps} steps`, schedule({ solver, steps })]

/** DPM-Solver++(2M) as published: the line through the last two predictions is one in lambda = log(t / (1-t)). @param {number} steps @returns {[string, Schedule]} */
function published(steps) {
  const lambda = (/** @type {number} */ t) => Math.log(t / (1 - t))
  const times = Array.from({ length: steps }, (_, i) => (i === 0 ? 1e-3 : i / steps))
  const moves = times.slice(0, -1).map((t, i) => {
    const [u, before] = [/** @type {number} */ (times[i + 1]), times[i - 1]]
    const [keep, gain] = [(1 - u) / (1 - t), (u - t) / (1 - t)]
    const slope = before === undefined ? 0 : (gain * (lambda(u) - lambda(t))) / (lambda(t) - lambda(before)) / 2
    return { time: t, restart: false, keep, weights: before === undefined ? [gain] : [gain + slope, -slope] }
  })
  return [`dpm with a line in log(t / (1-t)), ${steps} steps`, { moves, end: (steps - 1) / steps }]
}

const [V, TOKENS] = [512, 2000]

/** @param {number} cluster @param {number} c @param {number} d */
const centre = (cluster, c, d) => Number(noise(3, cluster, c)[d])

/** @returns {Case[]} */
function madeUp() {
  /** @type {[string, (c: number) => Float32Array][]} */
  const books = [
    ['independent entries', (c) => noise(1, c, V * c)],
    [
      'entries in 22 clusters',
      (c) => noise(2, c, V * c).map((v, i) => centre(Math.floor(i / c) % 22, c, i % c) + 0.2 * v),
    ],
  ]
  /** @type {[string, (book: Float32Array, c: number, n: number) => Float32Array][]} */
  const distributions = [
    ['nearly even', (_, __, n) => noise(4, n, V)],
    ['rugged', (_, __, n) => noise(5, n, V).map((v) => 3 * v)],
    ['around one entry', (book, c, n) => around(book, c, n)],
    ['nearly certain', (_, __, n) => noise(7, n, V).map((v, i) => v + (i === n % V ? 10 : 0))],
  ]
  return books.flatMap(([book, make]) =>
    [8, 32].flatMap((c) =>
      distributions.map(([p, draw], k) => {
        const entries = make(c)
        const logits = new Float32Array(TOKENS * V)
        for (let n = 0; n < TOKENS; n++) logits.set(draw(entries, c, n), n * V)
        const codebook = constant(entries, [V, c])
        return { name: `${book}, C = ${c}, ${p}`, codebook, logits, noise: noise(8, k, TOKENS * c) }
      }),
    ),
  )
}

/** Logits that fall off with the squared distance from entry n. @param {Float32Array} book @param {number} c @param {number} n */
function around(book, c, n) {
  const own = n % V
  const scale = (0.3 + 0.2 * (n % 4)) * c
  return noise(6, n, V).map((v, j) => {
    let distance = 0
    for (let d = 0; d < c; d++) distance += (Number(book[j * c + d]) - Number(book[own * c + d])) ** 2
    return 0.5 * v - distance / scale
  })
}

/** @param {string} teacherFile @param {string} tokenizer @returns {Promise<Case[]>} */
async function ofTeacher(teacherFile, tokenizer) {
  const { load } = await import('../dist/library/node/load.js')
  const { programCache } = await import('../dist/sampling/programs.js')
  const { drawTokens, filtered } = await import('../dist/sampling/draw.js')
  const model = await load({ teacher: teacherFile, tokenizer, device: 'cpu', threads: 1 })
  const { family } = model
  const plan = model.plan({ teacherOnly: true })
  if (plan.kind !== 'teacher' || !family.teacher) throw new Error('This needs a teacher.')
  const images = Array.from({ length: 32 }, (_, i) => i)
  const labels = images.map((i) => i % family.numClasses)
  const session = family.teacher(programCache(model.engine), { labels, guided: true, prefixMask: 'none' })
  /** @type {Float32Array[]} */
  const rows = []
  const entries = /** @type {number} */ (family.codebook().shape[0])
  const started = performance.now()
  await drawTokens(family, {
    ...{
      session,
      settings: plan.teacher,
      prefix: new Int32Array(0),
      from: 0,
      to: family.groups.length,
      seed: 0,
      images,
    },
    onLogits(_, logits) {
      for (let at = 0; at < logits.length; at += entries)
        rows.push(filtered(family, plan.teacher, logits.subarray(at, at + entries)))
    },
  })
  const micro = (1000 * (performance.now() - started)) / rows.length
  console.log(`The teacher takes ${micro.toFixed(1)} us a token.\n`)
  await model.dispose()
  const logits = new Float32Array(rows.length * entries)
  for (const [n, own] of rows.entries()) logits.set(own, n * entries)
  return [{ name: teacherFile, codebook: family.codebook(), logits, noise: noise(9, 0, rows.length * family.channels) }]
}

const engine = await createEngine({ device: 'cpu', threads: 1 })

/** Indices and microseconds a token. @param {Case} data @param {Schedule} solver */
async function tokens({ codebook, logits, noise }, solver) {
  const [entries, channels] = /** @type {[number, number]} */ (codebook.shape)
  const program = await engine.load(flowMapGraph(codebook, solver), { prepack: true })
  const rows = Math.floor(2 ** 18 / entries)
  /** @type {bigint[]} */
  const indices = []
  let seconds = 0
  for (let at = 0; at < noise.length / channels; at += rows) {
    const part = noise.slice(at * channels, (at + rows) * channels)
    const n = part.length / channels
    const own = logits.slice(at * entries, (at + rows) * entries)
    const feeds = { noise: float32(part, [n, channels]), logits: float32(own, [n, entries]) }
    const started = performance.now()
    const out = await program.run(feeds)
    seconds += (performance.now() - started) / 1000
    indices.push(.../** @type {BigInt64Array} */ (hostData(out.indices)))
  }
  await program.dispose()
  return { indices, micro: (1e6 * seconds) / indices.length }
}

const solvers = [
  ...[8, 16, 24, 32, 50, 100].map((steps) => row('dpm', steps)),
  ...[16, 32, 50].map(published),
  ...[8, 16, 25, 50].map((steps) => row('heun', steps)),
  ...[20, 50, 100, 200].map((steps) => row('euler', steps)),
]

const [teacher, tokenizer] = process.argv.slice(2)
const cases = teacher && tokenizer ? await ofTeacher(teacher, tokenizer) : madeUp()
const fine = []
for (const data of cases) fine.push((await tokens(data, schedule({ solver: 'dpm', steps: 512 }))).indices)
console.log('| solver | evaluations | tokens that change | in the worst case | us a token |\n|---|---|---|---|---|')
for (const [name, solver] of solvers) {
  const changed = []
  const times = []
  for (const [i, data] of cases.entries()) {
    const { indices, micro } = await tokens(data, solver)
    const expected = /** @type {bigint[]} */ (fine[i])
    changed.push(indices.filter((index, n) => index !== expected[n]).length / indices.length)
    times.push(micro)
  }
  const mean = (/** @type {number[]} */ values) => values.reduce((sum, v) => sum + v, 0) / values.length
  const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(2)} %`
  const cells = [
    name,
    solver.moves.length + 1,
    percent(mean(changed)),
    percent(Math.max(...changed)),
    mean(times).toFixed(1),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}
await engine.dispose()
