// `distilled bench`: how fast a model runs on this machine, with random weights of its size, beside a roof measured in
// the same run.

import { cpus } from 'node:os'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type BenchRow, bench, type Part, parts } from '../bench/bench.ts'
import { plural } from '../core/format.ts'
import { type Device, devices } from '../engine/types.ts'
import type { DType } from '../models/weights.ts'
import { bounds } from './bounds.ts'
import { commandOutput, type Io } from './io.ts'
import { wholeNumber } from './parse.ts'

const examples = `
Examples:
  $ distilled bench --model var-dd-d16
  $ distilled bench --model llamagen-dd-l --only student,decoder --repeat 10
  $ distilled bench --model var-dd-d16 --only int8,throughput

Weights are random and kept in a scratch folder (DISTILLED_BENCH, or the system's temporary folder). Nothing is downloaded.
The roof is a chain of 681 x 1024 x 4096 matrix products. Times depend on what else the machine is doing; shares of the roof depend less on it.`

interface Flags {
  model: string
  only?: Part[]
  device: Device
  dtype: DType
  threads?: number
  repeat: number
  json?: boolean
}

export function benchCommand(io: Io): Command {
  return new Command('bench')
    .option('-m, --model <name>', 'a student from `distilled models`', 'var-dd-d16')
    .option('--only <parts>', `what to measure, separated by commas: ${parts.join(', ')}`, partList)
    .addOption(new Option('--device <name>', 'where to compute').choices(devices).default('cpu'))
    .addOption(new Option('--dtype <type>', 'arithmetic of the transformers').choices(['fp32', 'int8']).default('fp32'))
    .option('--threads <n>', 'threads of the engine (default: all cores)', wholeNumber(...bounds.threads))
    .option('--repeat <n>', 'timed runs of each part', wholeNumber(...bounds.repeat), 5)
    .option('--json', 'print one JSON object')
    .addHelpText('after', examples)
    .action(async ({ only, json, ...flags }: Flags) => {
      const { note, result } = commandOutput(io, { ...(json && { json }) })
      const found = await bench({ ...flags, parts: only, signal: io.signal, onRow: (row) => note(line(row)) })
      const { roof, model, dtype, device, threads } = found
      const machine = cpus()[0]?.model ?? 'unknown processor'
      const date = new Date().toISOString().slice(0, 10)
      const summary = [
        `${model}, ${dtype}, ${device}, ${plural(threads, 'thread')} of ${machine}, ${date}`,
        `roof: ${roof.map((r) => r.toFixed(0)).join(' GFLOP/s before, ')} GFLOP/s after`,
      ]
      result(summary.join('\n'), { ...found, machine, date })
    })
}

function partList(text: string): Part[] {
  return text.split(',').map((name) => {
    const part = parts.find((p) => p === name.trim())
    if (!part) throw new InvalidArgumentError(`Expected ${parts.join(', ')}.`)
    return part
  })
}

function line({ what, best, median, unit, gflop, share, note }: BenchRow): string {
  const value = unit === 'ms' ? `${best.toFixed(0)} ms` : `${best.toFixed(2)} images/s`
  const details = [
    median !== undefined && `median ${median.toFixed(0)}`,
    gflop !== undefined && `${gflop.toFixed(gflop < 10 ? 2 : 0)} GFLOP`,
    gflop !== undefined && `${((1000 * gflop) / best).toFixed(0)} GFLOP/s`,
    share !== undefined && `${(100 * share).toFixed(0)} % of the roof`,
    note,
  ].filter(Boolean)
  return `${what.padEnd(62)} ${value.padStart(12)}${details.length ? `  ${details.join(', ')}` : ''}`
}
