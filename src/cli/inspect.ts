// `distilled inspect FILE`: what a checkpoint holds. Reads its directory and pickle, no tensor; runs nothing from it.
import { Command } from 'commander'
import { describeCheckpoint, formatDescription } from '../checkpoint/describe.ts'
import { openFile } from '../checkpoint/node/file-source.ts'
import { commandOutput, type Io } from './io.ts'

const examples = `
Examples:
  $ distilled inspect var-d16.pth
  $ distilled inspect llamagen-L.pt --json | jq '.stateDicts[].path'

Reads torch (.pth, .pt; zip and legacy), safetensors, .npz and .npy. Nothing in the file is ever executed.`

export function inspectCommand(io: Io): Command {
  return new Command('inspect')
    .argument('<file>', 'checkpoint file')
    .option('--json', 'print one JSON object')
    .addHelpText('after', examples)
    .action(async (file: string, flags: { json?: boolean }) => {
      const checkpoint = await openFile(file)
      try {
        const description = describeCheckpoint(checkpoint)
        commandOutput(io, flags).result(formatDescription(description), description)
      } finally {
        await checkpoint.close()
      }
    })
}
