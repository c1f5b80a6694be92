// `distilled data preview`: what a network will be trained on, drawn on one sheet.
import { sep } from 'node:path'
import { Command } from 'commander'
import { UsageError } from '../core/errors.ts'
import { openDataset } from '../data/node/open.ts'
import { previewSheet } from '../data/node/preview.ts'
import { writeAtomically } from '../files/atomic.ts'
import { refuseReplacing } from '../files/replacing.ts'
import type { GeneratedImage } from '../images/node/image.ts'
import { refuseOverwriting } from '../images/node/overwriting.ts'
import { addPngText } from '../images/png-text.ts'
import { bounds } from './bounds.ts'
import { commandOutput, type Io } from './io.ts'
import { wholeNumber } from './parse.ts'

const examples = `
Examples:
  $ distilled data preview                                    the drawn sprites, twelve classes
  $ distilled data preview --data photos --image-size 256     a folder with one folder of images per class

Sprites are drawn from the seed; nothing is downloaded. Images of a folder are cropped to a square as in LlamaGen.`

/** A sheet is composed in memory, three bytes a pixel. */
const mostPixels = 100_000_000

interface Flags {
  data: string
  seed: number
  rows: number
  columns: number
  imageSize: number
  scale?: number
  out: string
  force?: boolean
  json?: boolean
  quiet?: boolean
}

export function dataCommand(io: Io): Command {
  const preview = new Command('preview')
    .description('draw a sheet of a data set: one row per class, with its name')
    .option('--data <name>', 'sprites (default), or a folder with one folder of images per class', 'sprites')
    .option('--seed <n>', 'seed of the sprites (default: 0)', wholeNumber(...bounds.seed), 0)
    .option('--rows <n>', 'most classes to show (default: 20)', wholeNumber(1, 1000), 20)
    .option('--columns <n>', 'examples of each class (default: 10)', wholeNumber(1, 100), 10)
    .option('--image-size <n>', 'side of the images in pixels (default: 32)', wholeNumber(8, 1024), 32)
    .option('--scale <n>', 'enlarge every pixel (default: images of about 96)', wholeNumber(1, 32))
    .option('-o, --out <file>', 'file of the sheet, .png, .jpg or .webp (default: preview.png)', 'preview.png')
    .option('--force', 'replace a file that distilled data preview did not write')
    .option('--json', 'print one JSON object')
    .option('-q, --quiet', 'print only errors')
    .addHelpText('after', examples)
    .action((flags: Flags) => drawPreview(flags, io))
  return new Command('data').helpCommand(false).addHelpText('after', examples).addCommand(preview)
}

async function drawPreview(flags: Flags, io: Io): Promise<void> {
  const { seed, imageSize, columns, out } = flags
  const inClass = (file: string) => file.includes(sep)
  await refuseOverwriting([{ name: '--data', path: flags.data, reads: inClass }], [{ name: '--out', path: out }])
  await refuseReplacing([{ name: '--out', path: out, mark: sheetMark }], flags)
  const data = await openDataset(flags.data, { seed, imageSize })
  const classes = data.classes.slice(0, flags.rows)
  const scale = flags.scale ?? Math.max(1, Math.round(96 / imageSize))
  const pixels = classes.length * columns * (imageSize * scale) ** 2
  if (pixels > mostPixels) {
    throw new UsageError(
      `A sheet of ${classes.length} rows of ${columns} images of ${imageSize * scale} x ${imageSize * scale} has ${pixels.toLocaleString('en')} pixels, and at most ${mostPixels.toLocaleString('en')} are drawn.`,
      { remedy: 'Take fewer --rows or --columns, or a smaller --scale.' },
    )
  }
  const sheet = await previewSheet(data, { rows: classes.length, columns, scale, signal: io.signal })
  await saveSheet(out, sheet, io.signal)
  const output = commandOutput(io, flags)
  for (const note of data.notes ?? []) output.note(`note: ${note}`)
  if (classes.length < data.classes.length)
    output.note(`note: showing ${classes.length} of ${data.classes.length} classes (--rows).`)
  const size = `${data.size.toLocaleString('en')} images of ${imageSize} x ${imageSize} pixels`
  output.result(`${out}\n${data.name}: ${size}; rows: ${classes.join(', ')}`, {
    file: out,
    data: data.name,
    images: data.size,
    imageSize,
    classes,
  })
}

const software = 'distilled data preview'
const sheetMark = new RegExp(`Software\\0.{0,8}${software}`, 's')

/** The sheet says who wrote it where its format has text; it is not marked as generated, for it shows photographs, too. */
async function saveSheet(path: string, sheet: GeneratedImage, signal: AbortSignal): Promise<void> {
  if (!/\.png$/i.test(path)) return sheet.save(path, { metadata: false, signal })
  await writeAtomically(path, addPngText(await sheet.encode('png', { metadata: false }), { Software: software }), {
    signal,
  })
}
