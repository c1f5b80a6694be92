// `distilled serve`: models behind HTTP, as a web app, in OpenAI's shape and as a stream of events, until Ctrl-C or SIGTERM.

import { Command, Option } from 'commander'
import { plural } from '../core/format.ts'
import { type Device, devices } from '../engine/types.ts'
import { type DType, dtypes } from '../models/weights.ts'
import { defaultPort, serveModels } from '../server/serve.ts'
import { defaultTimeout, queueCapacity } from '../server/settings.ts'
import { webApp } from '../server/web-app.ts'
import { bounds } from './bounds.ts'
import { aborted, commandOutput, Interrupted, type Io, printFailure } from './io.ts'
import { collected, wholeNumber } from './parse.ts'

const examples = `
Examples:
  $ distilled serve                                          the embedded models on http://127.0.0.1:7860/
  $ distilled serve --model var-dd-d16 --port 8000           a downloaded model
  $ curl -s 127.0.0.1:7860/v1/images/generations -H 'Content-Type: application/json' -d '{"prompt": "boat"}'
  $ distilled serve --host 0.0.0.0 --token $(openssl rand -hex 16)   for other machines
  $ distilled serve --public-url https://images.example.org/ --trust-proxy loopback   behind a TLS proxy on this machine
  $ distilled serve --policy policy.json --cors https://example.org

OpenAI's clients work with baseURL http://127.0.0.1:7860/v1. All addresses: /openapi.json, docs/SERVER.md.`

const embedded = ['sprites-var-dd', 'sprites-llamagen-dd']

interface ServeFlags {
  model?: string[]
  port: number
  host: string
  token?: string
  cors?: string[]
  publicUrl?: string
  trustProxy?: string[]
  policy?: string
  timeout: number
  queue: number
  device?: Device
  dtype?: DType
  threads?: number
  quiet?: boolean
}

export function serveCommand(io: Io): Command {
  return new Command('serve')
    .option(
      '-m, --model <name>',
      'a name from `distilled models`, or a folder; repeatable (default: the embedded)',
      collected,
    )
    .option(
      '-p, --port <number>',
      `port to listen on; 0 takes a free one (default: ${defaultPort})`,
      wholeNumber(0, 65535),
      defaultPort,
    )
    .option(
      '--host <address>',
      'address to listen on (default: 127.0.0.1); others admit other machines and need --token',
      '127.0.0.1',
    )
    .option('--token <secret>', 'token that requests must send as Authorization: Bearer (or set DISTILLED_TOKEN)')
    .option('--cors <origin>', 'a site whose pages may send requests; repeatable (default: none)', collected)
    .option('--public-url <address>', 'the public address, if a proxy is in front, such as https://images.example.org/')
    .option(
      '--trust-proxy <addresses>',
      'proxies whose X-Forwarded headers are believed: 10.0.0.7, 10.0.0.0/8, loopback; commas or repeated (default: none)',
      collected,
    )
    .option('--policy <file>', 'JSON with classes that are denied or flagged: {"deny": ["sensitive"], "flag": [7]}')
    .option(
      '--timeout <seconds>',
      `time limit of a request, with its wait (default: ${defaultTimeout})`,
      wholeNumber(1, 86_400),
      defaultTimeout,
    )
    .option(
      '--queue <requests>',
      `requests that may wait (default: ${queueCapacity})`,
      wholeNumber(1, 10_000),
      queueCapacity,
    )
    .addOption(new Option('--device <name>', `${devices.join(', ')} (default: auto)`).choices(devices))
    .addOption(new Option('--dtype <type>', 'fp32 (default), or int8: faster and less exact').choices(dtypes))
    .option('--threads <number>', 'threads to compute with (default: all cores)', wholeNumber(...bounds.threads))
    .option('-q, --quiet', 'print only the address')
    .addHelpText('after', examples)
    .action((flags: ServeFlags) => serve(flags, io))
}

async function serve({ model = embedded, ...flags }: ServeFlags, io: Io): Promise<void> {
  const output = commandOutput(io, flags)
  const server = await serveModels({
    ...flags,
    models: model,
    signal: io.signal,
    token: flags.token ?? process.env.DISTILLED_TOKEN,
    mounts: webApp(),
    onFailure: printFailure(io),
  })
  io.stdout.write(`${server.url}\n`)
  if (flags.publicUrl !== undefined) output.note(`Behind a proxy at ${flags.publicUrl}.`)
  const { pool } = server.services
  server.warm.then(
    () => output.note(`Ready: ${pool.names.join(', ')}. Ctrl-C ends.`),
    () => {},
  )
  await aborted(io.signal)
  const { unanswered } = server.services.batcher
  output.note(unanswered ? `Stopping when ${plural(unanswered, 'request')} are answered.` : 'Stopping.')
  await server.close()
  throw new Interrupted('Stopped.')
}
