// `distilled doctor`: what works on this machine and what is missing, in a form for bug reports.

import { Command, Option } from 'commander'
import { DistilledError } from '../core/errors.ts'
import { plural } from '../core/format.ts'
import { type Device, devices } from '../engine/types.ts'
import { deviceFact, type Facts, gatherFacts } from './doctor-facts.ts'
import { byteSize, commandOutput, type Io } from './io.ts'

const examples = `
Examples:
  $ distilled doctor
  $ distilled doctor --json > doctor.json

It tries every device and the embedded models, and connects to the hub once. It prints no tokens or passwords, and ~ for the home
folder, so you can paste the text into a bug report. The exit code is 1 if something necessary does not work on this machine.`

export function doctorCommand(io: Io): Command {
  return new Command('doctor')
    .option('--json', 'print one JSON object')
    .addOption(
      new Option('--try <device>', 'try one device and print what is found as JSON').choices(devices).hideHelp(),
    )
    .addHelpText('after', examples)
    .action(async (flags: { json?: boolean; try?: Device }) => {
      if (flags.try) return void io.stdout.write(JSON.stringify(await deviceFact(flags.try)))
      const facts = await gatherFacts(io.signal)
      commandOutput(io, flags).result(formatted(facts), facts)
      const broken = brokenOf(facts)
      if (broken.length) throw new DistilledError(`This does not work here: ${broken.join(', ')}.`)
    })
}

function brokenOf({ runtime, models }: Facts): string[] {
  const noCpu = runtime.devices.some(({ name, works }) => name === 'cpu' && !works)
  return [...(noCpu ? ['ONNX Runtime'] : []), ...models.filter(({ ok }) => !ok).map(({ name }) => name)]
}

function formatted({ node, platform, processor, memory, runtime, models, folders, hub, ...rest }: Facts): string {
  const limit = processor.cgroupLimit === null ? '' : `, limited to ${processor.cgroupLimit} by its cgroup`
  const most = memory.cgroupLimit === null ? '' : `, limited to ${byteSize(memory.cgroupLimit)} by its cgroup`
  const rows: [string, string][] = [
    ['distilled-decoding', rest.package],
    ['Node', `${node.version} (${node.executable})`],
    ['system', `${platform.system} ${platform.release} ${platform.arch}, libc: ${platform.libc}`],
    [
      'processor',
      `${processor.model}, ${plural(processor.cores, 'core')}, ${processor.available} for this process${limit}`,
    ],
    ['memory', `${byteSize(memory.total)}, ${byteSize(memory.free)} free${most}`],
    ['ONNX Runtime', runtime.version],
    ...runtime.devices.map(({ name, works, reason, how }): [string, string] => [
      `  ${name}`,
      works ? 'works' : `does not work: ${reason}${how ? ` It needs ${how}.` : ''}`,
    ]),
    ...models.map(({ name, ok, seconds, reason }): [string, string] => [
      name,
      ok ? `gives its known answer (${seconds.toFixed(1)} s)` : `self-test failed: ${reason}`,
    ]),
    ...folders.map((one): [string, string] => [
      one.what,
      [
        one.folder,
        ...(one.bytes === undefined ? [] : [`${plural(one.files ?? 0, 'file')}, ${byteSize(one.bytes)}`]),
        ...(one.free === null ? [] : [`${byteSize(one.free)} free`]),
      ].join(', '),
    ]),
    ['hub', `${hub.endpoint}: ${hub.answer}; token ${hub.token}`],
    ...(hub.proxies.length ? [['proxies', proxies(hub)] satisfies [string, string]] : []),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

const proxies = ({ proxies: set, nodeUsesProxies }: Facts['hub']): string =>
  `${set.join(' ')}; ${nodeUsesProxies ? 'NODE_USE_ENV_PROXY is set' : 'Node heeds them only with NODE_USE_ENV_PROXY=1 (Node 22.21, 24 or later)'}`
