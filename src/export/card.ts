// The README card of an exported folder: what it is, how to run it, how far it is from the original, licence and limits.

import { figure } from '../core/format.ts'
import type { ConfigFacts } from './config.ts'
import { knownAnswerFile } from './config.ts'

const arithmetic = {
  fp32: 'computes in float32; weights stay in the precision they were released in',
  fp16: 'matrix products and convolutions in float16; normalisations, softmax, sums and the choice of tokens in float32',
  int8: 'large matrix products of the transformer in 8 bits (dynamic quantisation), the rest as in fp32',
} as const

export function readmeCard(facts: ConfigFacts): string {
  const { model, dtype, graphs, presets, check, files } = facts
  const { family } = model
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const oneStep = presets[0]!
  const released = facts.architecture !== undefined // it is in the zoo
  return `---
license: ${released ? 'mit' : 'other'}
library_name: onnx
tags: [onnx, image-generation, distilled-decoding, ${family.name}]
---

# ${model.name}, ONNX, ${dtype}

A class-conditional image generator: ${family.imageSize}x${family.imageSize} pixels, ${family.numClasses} classes, noise to image in ${presets.map(({ steps }) => steps).join(' or ')} network evaluation${presets.length > 1 ? 's' : ''} and a decoder.
The student of a ${family.name === 'var' ? 'VAR' : 'LlamaGen'} model by Distilled Decoding ([arXiv 2412.17153](https://arxiv.org/abs/2412.17153)); ${arithmetic[dtype]}.
Written by ${facts.madeBy}. ${(bytes / 1e6).toFixed(1)} MB in all; sizes and SHA-256 of every file are in \`config.json\`.

## Run it

With ONNX Runtime in any language (opset 21 and the com.microsoft operators, which ONNX Runtime brings along):

1. \`noise\`: float32 [batch, ${family.groups.reduce((sum, size) => sum + size, 0)}, ${family.channels}], standard normal. \`labels\`: int64 [batch], class ids of \`config.json\`'s \`id2label\`.
2. \`onnx/${graphs
    .find(({ name }) => name === oneStep.graphs[0])!
    .path.split('/')
    .at(-1)}\` with \`labels\` and \`x\` = noise gives \`sequence\`.
3. For a further step, \`x\` is the noise with its first \`finished_tokens\` tokens taken from \`sequence\`; run the next graph of the preset.
4. The decoder makes \`image\` of \`sequence\`: RGB, channels first, 0 to 1. As bytes: floor(clamp(255 x + 0.5, 0, 255)).

| preset | graphs in turn |
|---|---|
${presets.map(({ steps, graphs: names }) => `| ${steps} step${steps === 1 ? '' : 's'} | ${[...names, 'decoder'].join(', ')} |`).join('\n')}

| graph | inputs | outputs |
|---|---|---|
${graphs.map(({ path, inputs, outputs }) => `| \`${path}\` | ${specs(inputs)} | ${specs(outputs)} |`).join('\n')}

\`${knownAnswerFile}\` holds noise, labels and what these files made of them on a CPU: another runtime should come within
${facts.tolerance} levels of 255 on average.

## How exact it is

Against the fp32 networks with the same inputs, ${check.images} images:

| graph | largest error | mean error | equal tokens |
|---|---|---|---|
${check.graphs.map(({ graph, difference, equalTokens }) => `| ${graph} | ${figure(difference.max)} | ${figure(difference.mean)} | ${equalTokens === undefined ? '-' : `${figure(100 * equalTokens)} %`} |`).join('\n')}

A token that is chosen differently changes its whole codebook entry: the largest error of a student is that of such a token.

## Figures

${figures(facts)}

## Licence and use

${released ? 'MIT, as the models it came from (microsoft/distilled_decoding, FoundationVision/VAR, FoundationVision/LlamaGen, or the sprites of distilled-decoding).' : 'The licence is that of the checkpoints it came from.'} Intended use: research.
What it makes is **AI-generated**: say so where you show it. It knows its classes and no text${model.classes.sensitive.size ? '; look at images of the classes in `sensitive_classes` before you pass them on' : ''}.
`
}

const specs = (list: readonly { name: string; dtype: string; shape: readonly (number | string)[] }[]) =>
  list.map(({ name, dtype, shape }) => `${name} ${dtype} [${shape.join(', ')}]`).join('; ')

function figures({ presets, model }: ConfigFacts): string {
  const published = presets.filter((preset) => preset.published)
  if (published.length) {
    const rows = published.map(({ steps, published: p }) => {
      const cells = [steps, p!.fid, p!.inceptionScore, p!.precision, p!.recall].map((value) => value ?? '-')
      return `| ${cells.join(' | ')} |`
    })
    return `Published by the authors of the model (ImageNet 256x256, 50,000 images), not measured on these files:

| steps | FID | Inception Score | precision | recall |
|---|---|---|---|---|
${rows.join('\n')}`
  }
  return model.name.startsWith('sprites-')
    ? 'Measured on the original: docs/SPRITES.md of distilled-decoding. Not measured on these files.'
    : 'None are known.'
}
