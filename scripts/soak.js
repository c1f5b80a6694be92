// `node scripts/soak.js`: ten minutes of `distilled serve` under steady load, from outside: every image compared with the first
// of its request, the memory at the beginning and the end, how late the event loop was. Prints one JSON object; exit code 1 when
// an answer was wrong. `--seconds 5` is what the tests run. Plain JavaScript over dist/.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, root } from './build.js'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, clients: { type: 'string', default: '16' } },
})
const seconds = Number(values.seconds)
build()

const flags = ['--port', '0', '--device', 'cpu', '--threads', '1', '--quiet', '--timeout', '600']
const server = spawn(process.execPath, [join(root, 'bin', 'distilled.js'), 'serve', ...flags], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const [line] = await once(server.stdout, 'data')
const url = String(line).trim()

/** @param {string} path @param {object} [body] */
const fetched = (path, body) =>
  fetch(new URL(path, url), {
    ...(body && { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  })

/** Values of /metrics by name and labels; the event loop's are those since the last reading. */
async function metrics() {
  const text = await (await fetched('/metrics')).text()
  const rows = text.split('\n').filter((row) => row && !row.startsWith('#'))
  return new Map(rows.map((row) => [row.slice(0, row.lastIndexOf(' ')), Number(row.slice(row.lastIndexOf(' ')))]))
}

const plans = [
  ...[{ steps: 1 }, { steps: 2 }, { teacher_only: true }].map((plan) => ({ model: 'sprites-var-dd', ...plan })),
  ...[{ steps: 1 }, { steps: 2 }].map((plan) => ({ model: 'sprites-llamagen-dd', ...plan })),
]
const requests = plans.flatMap((plan) =>
  [1, 3, 10].map((n) => ({ ...plan, n, prompt: String(n), seed: n, output_format: n === 3 ? 'webp' : 'png' })),
)
/** @type {Map<string, string>} */
const first = new Map()
const counts = { answers: 0, images: 0, wrong: 0, failed: 0 }

/** @param {object} request */
async function generate(request) {
  const response = await fetched('/v1/images/generations', request)
  if (response.status === 429) return void (await new Promise((resolve) => setTimeout(resolve, 1000)))
  if (response.status !== 200) return void counts.failed++
  const { data } = await response.json()
  const key = JSON.stringify(request)
  const images = JSON.stringify(data)
  if ((first.get(key) ?? images) !== images) counts.wrong++
  first.set(key, images)
  counts.answers++
  counts.images += data.length
}

while ((await fetched('/readyz')).status !== 200) await new Promise((resolve) => setTimeout(resolve, 100))
for (const request of requests) await generate(request) // networks opened, allocators full
await metrics()

let last = await metrics()
const [started, before] = [performance.now(), last]
const end = started + seconds * 1000
/** @type {number[]} */
const late = []
/** @type {number[]} */
const memory = []
const clients = Array.from({ length: Number(values.clients) }, async (_, i) => {
  for (let k = i; performance.now() < end; k++) await generate(/** @type {object} */ (requests[k % requests.length]))
})
const watching = (async () => {
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(5000, seconds * 250)))
    last = await metrics()
    late.push(last.get('distilled_event_loop_delay_seconds{quantile="0.99"}') ?? 0)
    memory.push(last.get('distilled_resident_memory_bytes') ?? 0)
  }
})()
await Promise.all([...clients, watching])
const wall = (performance.now() - started) / 1000
const after = await metrics()
/** @param {string} name */
const grown = (name) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
const megabytes = (/** @type {number} */ bytes) => Math.round(bytes / 1e5) / 10
const half = memory.slice(Math.floor(memory.length / 2))
server.kill('SIGTERM')
const [code] = await once(server, 'exit')
const result = {
  ...{ seconds: Math.round(wall), ...counts, exitCode: code },
  /** Processor seconds that the server got in a second: below 1 the machine had other things to do. */
  cpu: Math.round((100 * grown('distilled_cpu_seconds_total')) / wall) / 100,
  eventLoop: { medianOfP99: Math.round(1000 * (late.toSorted((a, b) => a - b)[late.length >> 1] ?? 0)), unit: 'ms' },
  memory: {
    ...{ before: megabytes(before.get('distilled_resident_memory_bytes') ?? 0), after: megabytes(memory.at(-1) ?? 0) },
    ...{ growthOfSecondHalf: megabytes((half.at(-1) ?? 0) - (half[0] ?? 0)), unit: 'MB' },
  },
}
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
process.exitCode = counts.wrong || counts.failed || code !== 143 ? 1 : 0
