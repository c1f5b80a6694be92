// LlamaGen-DD against PyTorch: rotary tables, heads and hidden states of the student, then pipelines from noise to image.
import { describe, expect, it } from 'vitest'
import { constant } from '../../src/graph/index.ts'
import { inferLlamaGen } from '../../src/models/infer.ts'
import { ropeTables } from '../../src/models/llamagen-blocks.ts'
import { llamaGenStudent } from '../../src/models/llamagen-dd.ts'
import { predictedSequence, quantizeGraph } from '../../src/models/student.ts'
import { goldens } from './goldens.ts'
import { evaluate, feed, fixtureModel, numbers, openFixture, statesOf } from './open.ts'
import { openLlamaGenStudent, studentStep } from './student-step.ts'

const tiny = goldens('llamagen_tiny_dd')
const micro = goldens('llamagen_micro')
const gross = goldens('llamagen_gross')

const tinyRun = { fixture: tiny, file: 'llamagen_tiny_dd.pt', heads: 2 }
const cases = [
  { ...tinyRun, run: 'one_step', timesteps: [0], split: 6 },
  { ...tinyRun, run: 'two_step', timesteps: [0, 5], split: 9 },
  { ...tinyRun, run: 'two_step_t8_split3', timesteps: [0, 8], split: 3 },
  { fixture: micro, file: 'llamagen_micro_trainstate.pt', heads: 1, run: 'one_step', timesteps: [0], split: 8 },
]
const tokenizer = 'llamagen_tiny_vq.pt'

describe.each(cases)('$file, $run: timesteps $timesteps, split $split', (row) => {
  const { fixture, file, heads, run, timesteps, split } = row

  it.each(timesteps.map((t, i) => [i, t]))('predicts as upstream in step %i (t = %i)', async (step, t) => {
    const golden = `${run}.step${step}`
    const inputs = { labels: fixture.input('labels'), x: fixture.input(`${golden}.x_t`) }
    const student = await openLlamaGenStudent(file, heads)
    const out = await studentStep(student, t, t, inputs)
    fixture.match(`${golden}.forward_logits`, out.logits)
    fixture.match(`${golden}.forward_conti`, out.continuous)
    fixture.match(`${golden}.predict_conti`, out.kept)
    fixture.match(`${golden}.predict_logits_argmax`, out.indices)
    const { indices } = await evaluate(quantizeGraph(student.codebook), { x: feed(inputs.x) })
    fixture.match(`${golden}.input_idx`, numbers(indices))
  })

  const model = fixtureModel({ student: file, tokenizer }, { heads, tokens: 16 })
  it('passes through the same states to the same image', async () => {
    const out = await model.sample(fixture.input('labels'), fixture.input('noise'), { timesteps, split })
    expect(out.steps).toHaveLength(timesteps.length)
    for (const [i, step] of out.steps.entries()) {
      fixture.match(`${run}.step${i}.x_t`, step.x)
      fixture.match(`${run}.step${i}.sequence`, step.sequence)
    }
    expect(out.sequence).toEqual(out.steps.at(-1)!.sequence)
    fixture.match(`${run}.image`, out.image)
  })
})

describe('the student of llamagen_tiny_dd', () => {
  it('has other weights besides the averaged ones, and reads them as well', async () => {
    const student = await openLlamaGenStudent('llamagen_tiny_dd.pt', 2, 'model')
    const out = await studentStep(student, 0, 0, { labels: tiny.input('labels'), x: tiny.input('noise') })
    tiny.match('raw_weights.step0.forward_logits', out.logits)
    tiny.match('raw_weights.step0.forward_conti', out.continuous)
  })

  it.each([0, 5])('has the same hidden states layer by layer at t = %i', async (t) => {
    const golden = (name: string) => `debug_t${t}.${name}`
    const logits = (await openLlamaGenStudent('llamagen_tiny_dd.pt', 2)).at(t).heads.logits(0, 16)
    const states = statesOf(logits, ['batch', 17, 128])
    const normed = statesOf(logits, ['batch', 16, 128]).at(-1)!
    const graph = Object.fromEntries(states.map((state, i) => [`state${i}`, state]))
    const labels = { data: tiny.input('labels').data.slice(0, 1), shape: [1] }
    const out = await evaluate({ ...graph, normed }, { labels: feed(labels), x: feed(tiny.input(golden('x_t'))) })
    const values = states.map((_, i) => numbers(out[`state${i}`]))
    tiny.matchInOrder(['embed', 'layer0', 'layer1', 'layer2'].map(golden), values)
    tiny.matchColumns(golden('norm'), 1, 17, numbers(out.normed)) // the class position has no prediction
  })

  it('turns queries and keys by the same angles', async () => {
    const arch = { tokens: 16, dim: 128, heads: 2 } as Parameters<typeof ropeTables>[0]
    const { cos, sin } = await evaluate({ ...ropeTables(arch) }, {})
    const pairs = numbers(cos).flatMap((c, i) => [c, numbers(sin)[i]!])
    tiny.match('freqs_cis', pairs)
  })

  it('decodes with the l2-normalised codebook', async () => {
    const { codebook } = await openLlamaGenStudent('llamagen_tiny_dd.pt', 2)
    tiny.match('codebook', numbers((await evaluate({ codebook }, {})).codebook))
  })

  const model = fixtureModel({ student: 'llamagen_tiny_dd.pt', tokenizer }, { heads: 2, tokens: 16 })
  const labels = tiny.input('labels')
  const noise = tiny.input('noise')

  it.each([0, 1, 9, 16])('takes the tokens before split %i from the codebook', async (split) => {
    const { sequence } = await model.sample(labels, noise, { timesteps: [0], split })
    tiny.match(`split${split}.sequence`, sequence)
  })

  it.each([0, 5])('sees data before t = %i and noise behind it', async (t) => {
    const { steps } = await model.sample(labels, noise, { timesteps: [0, ...(t ? [t] : [])], split: 6 })
    tiny.match(`debug_t${t}.x_t`, steps.at(-1)!.x.slice(0, 16 * 8))
  })
})

describe('the student of llamagen_gross, whose 145 positions take two blocks of the attention', () => {
  const { t_list: timesteps, split_t: split } = gross.meta.runs.three_step
  it.each((timesteps as number[]).map((t, i) => [i, t]))(
    'predicts as upstream in step %i (t = %i)',
    async (step, t) => {
      const { file, tensors, weights } = await openFixture('llamagen_gross.pt', 'ema')
      const arch = inferLlamaGen(file, tensors, { heads: 2, tokens: 144 })
      const { data, shape } = gross.input('codebook')
      const labels = gross.input('labels')
      const noise = gross.input('noise')
      const previous = step > 0 ? gross.input(`step${step - 1}.sequence`) : noise
      const state = noise.data.map((value, i) => (Math.floor(i / 4) % 144 < t ? previous.data[i]! : value))
      const { x, heads } = llamaGenStudent(weights, arch, t)
      const sequence = predictedSequence(x, heads, constant(data, shape), t, split)
      const out = await evaluate(
        { sequence, logits: heads.logits(0, 144), continuous: heads.continuous(0, 144) },
        { labels: feed(labels), x: feed({ data: state as Float32Array, shape: noise.shape }) },
      )
      gross.match(`step${step}.forward_logits`, numbers(out.logits))
      gross.match(`step${step}.forward_conti`, numbers(out.continuous))
      gross.match(`step${step}.sequence`, numbers(out.sequence))
    },
  )
})

describe('the tests above', () => {
  gross.allCompared()
  tiny.allCompared()
  micro.allCompared()
})
