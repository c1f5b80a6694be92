// `distilled download NAME`: a model with all it needs, into the Hugging Face cache. Run again, it continues.

import { stat } from 'node:fs/promises'
import { Command } from 'commander'
import { UsageError } from '../core/errors.ts'
import { plural } from '../core/format.ts'
import { type DownloadOptions, type DownloadProgress, download, downloadFile } from '../zoo/node/download.ts'
import { type ReferenceEntry, references } from '../zoo/node/references.ts'
import { roles } from '../zoo/node/resolve.ts'
import { findModel } from '../zoo/registry.ts'
import { byteSize, commandOutput, duration, Interrupted, type Io } from './io.ts'
import { hideProgress, progress, secondsLeft, showProgress } from './progress.ts'

const examples = `
Examples:
  $ distilled download var-dd-d16             the student and its tokenizer: enough for one and two steps
  $ distilled download llamagen-dd-l --teacher    the teacher too, for --teacher-from and --teacher-only
  $ distilled download imagenet-dd            the reference of \`distilled evaluate\`

Files go to the Hugging Face cache. Environment: HF_HOME or HF_HUB_CACHE (where), HF_TOKEN (who you are),
HF_ENDPOINT (another hub), HF_HUB_OFFLINE=1 (never connect). An interrupted download continues where it stopped.`

interface Flags {
  teacher?: boolean
  json?: boolean
  quiet?: boolean
  progress?: boolean
}

export function downloadCommand(io: Io): Command {
  return new Command('download')
    .argument('<name>', 'a name from `distilled models`')
    .option('--teacher', "fetch the student's teacher as well")
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'print only errors')
    .addOption(showProgress())
    .addOption(hideProgress())
    .addHelpText('after', examples)
    .action((name: string, flags: Flags) => fetchModel(name, flags, io))
}

async function fetchModel(name: string, flags: Flags, io: Io): Promise<void> {
  const reference = references.find((entry) => entry.name === name)
  if (reference) return fetchReference(reference, flags, io)
  const entry = findModel(name)
  if (flags.teacher && entry.kind !== 'student') {
    throw new UsageError(`${entry.name} is a ${entry.kind} and has no teacher.`, { remedy: 'Leave --teacher out.' })
  }
  const { student, teacher, tokenizer } = roles(entry)
  const wanted = [student, tokenizer, flags.teacher || !student ? teacher : undefined]
  const files: { name: string; path: string; bytes: number }[] = []
  for (const part of wanted) {
    if (part === undefined) continue
    files.push(await fetched(part, (options) => download(findModel(part), options), flags, io))
  }
  const lines = files.map((file) => `${file.name}  ${byteSize(file.bytes)}  ${file.path}`)
  lines.push(`${plural(files.length, 'file')} of ${entry.name} ${files.length === 1 ? 'is' : 'are'} on this machine.`)
  commandOutput(io, flags).result(lines.join('\n'), { name: entry.name, files })
}

async function fetchReference({ name, source }: ReferenceEntry, flags: Flags, io: Io): Promise<void> {
  if (!('repo' in source)) {
    throw new UsageError(`${name} is not on the hub.`, { remedy: `Fetch ${source.address} by hand.` })
  }
  const file = await fetched(name, (options) => downloadFile(source, options), flags, io)
  commandOutput(io, flags).result(`${name}  ${byteSize(file.bytes)}  ${file.path}`, { name, files: [file] })
}

async function fetched(name: string, get: (options: DownloadOptions) => Promise<string>, flags: Flags, io: Io) {
  const bar = progress(io.stderr, flags)
  try {
    const path = await get({
      signal: io.signal,
      onConnect: (host) => bar.update(0, `connecting to ${host}`),
      onProgress: reporter(bar),
    })
    return { name, path, bytes: (await stat(path)).size }
  } catch (error) {
    if (!io.signal.aborted) throw error
    throw new Interrupted('Interrupted. Run the same command again; it continues where it stopped.')
  } finally {
    bar.end()
  }
}

/** Progress lines with the rate of this run: what an earlier run left behind counts as done, not as fast. */
function reporter(bar: ReturnType<typeof progress>): (progress: DownloadProgress) => void {
  const started = performance.now()
  let first: number | undefined
  return ({ file, received, total }) => {
    first ??= received
    const seconds = (performance.now() - started) / 1000
    const fraction = total > first ? (received - first) / (total - first) : 1
    const rate = seconds > 0 ? `, ${byteSize((received - first) / seconds)}/s` : ''
    const left = fraction > 0 && fraction < 1 ? `, ${duration(secondsLeft(started, fraction))} left` : ''
    bar.update(total ? received / total : 1, `${file}: ${byteSize(received)} of ${byteSize(total)}${rate}${left}`)
  }
}
