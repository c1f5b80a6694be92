// What commands that work in shards share (pairs, samples, features): which shard is meant, what a person sees of it, what is left
// when it is interrupted, and the merge that proves that nothing is missing.

import { Command } from 'commander'
import { plural } from '../core/format.ts'
import { shellCommand } from '../core/shell.ts'
import type { Manifest } from '../jobs/node/manifest.ts'
import type { MergeOptions } from '../jobs/node/merge.ts'
import type { ShardProgress } from '../jobs/node/stopwatch.ts'
import { parseShard, type Shard, shardFromEnvironment, whole } from '../jobs/shard.ts'
import { commandOutput, duration, Interrupted, type Io, type Loudness } from './io.ts'
import { progress } from './progress.ts'

export interface ShardFlags extends Loudness {
  /** Where the files go. */
  out: string
  shard?: string | undefined
}

/** The words for a job in messages. */
export interface JobWords {
  /** What it makes: "pair", "image". */
  unit: string
  /** Of its results: "images". */
  units: string
  /** The command that merges its shards. */
  merge: readonly string[]
}

/** What a shard's work is given. */
export interface ShardWork {
  shard: Shard
  signal: AbortSignal
  onFault(name: string, what: string): void
  onProgress(progress: ShardProgress): void
}

/**
 * Does one shard: the one of `--shard`, else the scheduler's, else everything.
 * @param facts of the result with --json, besides what the job itself tells
 */
export async function runShardJob(
  { out: folder, shard: asked, ...loudness }: ShardFlags,
  io: Io,
  { unit, units, merge }: JobWords,
  work: (work: ShardWork) => Promise<Manifest>,
  facts: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const output = commandOutput(io, loudness)
  const scheduled = asked === undefined ? shardFromEnvironment(process.env) : undefined
  const shard = asked !== undefined ? parseShard(asked) : (scheduled?.shard ?? whole)
  if (shard.count > 1) output.note(`shard ${shard.index} of ${shard.count}${scheduled ? ` (${scheduled.from})` : ''}`)
  const bar = progress(io.stderr, loudness)
  const started = performance.now()
  let total = 0
  let kept = 0
  try {
    const { count, settings, files } = await work({
      shard,
      signal: io.signal,
      onFault: (name, what) => output.note(`${name} ${what}; it is made again.`),
      onProgress(event) {
        ;({ total, kept } = event)
        bar.update(event.fraction, described(event, unit))
      },
    })
    bar.end()
    const seconds = (performance.now() - started) / 1000
    const rate = (total - kept) / seconds
    const made = `${plural(total - kept, unit)} made in ${duration(seconds)}, ${rate.toPrecision(3)} a second`
    const next = shard.count > 1 ? `\nWhen all ${shard.count} shards are done: ${shellCommand([...merge, folder])}` : ''
    const result = { folder, shard, count, [units]: total, kept, seconds, rate, settings, files, ...facts }
    output.result(`${folder}: ${made}${kept ? `; ${kept} were there` : ''}.${next}`, result)
  } catch (error) {
    if (!io.signal.aborted) throw error
    throw new Interrupted('Interrupted. Run the same command again; finished files are kept.')
  } finally {
    bar.end()
  }
}

function described({ done, total, rate, secondsLeft }: ShardProgress, unit: string): string {
  const pace = rate > 0 ? `, ${rate.toPrecision(3)} a second` : ''
  const left = done < total && Number.isFinite(secondsLeft) ? `, ${duration(secondsLeft)} left` : ''
  return `${done} of ${plural(total, unit)}${pace}${left}`
}

type Merge = (folders: readonly string[], options: MergeOptions) => Promise<Manifest>

/** The `merge` of a job's command; its flags are parsed by that command, in any position. */
export function mergeCommand(io: Io, { unit, what, merge }: { unit: string; what: string; merge: Merge }): Command {
  const command = new Command('merge')
  // Its parent's name is known when help is asked for.
  const examples = () => `
Examples:
  $ distilled ${command.parent?.name()} merge run                     all shards wrote into one folder
  $ distilled ${command.parent?.name()} merge a b c --out whole       each into its own`
  return command
    .addHelpText('after', examples)
    .description(`check that the shards of ${what} are complete and intact, and join them in one folder`)
    .usage('<folders...> [--out <folder>] [--json] [--quiet]')
    .argument(
      '<folders...>',
      'folders that the shards wrote, one or several; the result goes to the first, or to --out',
    )
    .action(async (folders: string[], _: unknown, command: Command) => {
      const flags: Loudness & { out?: string } = command.optsWithGlobals()
      const bar = progress(io.stderr, flags)
      const onFile = (done: number, total: number) => bar.update(done / total, `${done} of ${plural(total, 'file')}`)
      const merged = await merge(folders, { out: flags.out, signal: io.signal, onFile }).finally(() => bar.end())
      const folder = flags.out ?? folders[0]!
      const proof = `${plural(merged.count, unit)} in ${plural(merged.files.length, 'file')}, complete and whole`
      commandOutput(io, flags).result(`${folder}: ${proof}.`, { folder, ...merged })
    })
}
