// VAR-DD against PyTorch: heads and hidden states of the student, then whole pipelines from noise to image.
import { describe, expect, it } from 'vitest'
import { goldens } from './goldens.ts'
import { evaluate, feed, fixtureModel, numbers, statesOf } from './open.ts'
import { openVarStudent, studentStep } from './student-step.ts'

const tiny = goldens('var_tiny_dd')
const micro = goldens('var_micro')

const cases = [
  { fixture: tiny, file: 'var_tiny_dd.pth', run: 'one_step', timesteps: [0], split: 2 },
  { fixture: tiny, file: 'var_tiny_dd.pth', run: 'two_step', timesteps: [0, 2], split: 2 },
  { fixture: tiny, file: 'var_tiny_dd.pth', run: 'two_step_t1_split3', timesteps: [0, 1], split: 3 },
  { fixture: tiny, file: 'var_tiny_dd.pth', run: 'three_step', timesteps: [0, 1, 3], split: 2 },
  { fixture: micro, file: 'var_micro_legacy.pth', run: 'legacy', timesteps: [0], split: 2 },
  { fixture: micro, file: 'var_micro_half.pth', run: 'half', timesteps: [0], split: 2 },
]
const tokenizer = 'var_tiny_vqvae.pth'
/** Tokens of the first t scales. */
const tokensBefore = [0, 1, 5, 14, 30]

describe.each(cases)('$run: timesteps $timesteps, split $split', ({ fixture, file, run, timesteps, split }) => {
  it.each(timesteps.map((t, i) => [i, t]))('predicts as upstream in step %i (t = %i)', async (step, t) => {
    const golden = `${run}.step${step}`
    const inputs = { labels: fixture.input('labels'), x: fixture.input(`${golden}.x_t`) }
    const out = await studentStep(await openVarStudent(file), t, tokensBefore[t]!, inputs)
    fixture.match(`${golden}.forward_logits`, out.logits)
    fixture.match(`${golden}.forward_conti`, out.continuous)
    fixture.match(`${golden}.predict_conti`, out.kept)
    fixture.match(`${golden}.predict_logits_argmax`, out.indices)
  })

  const model = fixtureModel({ student: file, tokenizer })
  it('passes through the same states to the same image', async () => {
    const out = await model.sample(fixture.input('labels'), fixture.input('noise'), { timesteps, split })
    expect(out.steps).toHaveLength(timesteps.length)
    for (const [i, step] of out.steps.entries()) {
      fixture.match(`${run}.step${i}.x_t`, step.x)
      fixture.match(`${run}.step${i}.sequence`, step.sequence)
    }
    expect(out.sequence).toEqual(out.steps.at(-1)!.sequence)
    fixture.match(`${run}.f_hat`, out.fHat)
    fixture.match(`${run}.image`, out.image)
  })
})

describe('the student of var_tiny_dd', () => {
  it('has other weights besides the averaged ones, and reads them as well', async () => {
    const student = await openVarStudent('var_tiny_dd.pth', 'trainer.var_wo_ddp')
    const inputs = { labels: tiny.input('labels'), x: tiny.input('noise') }
    const out = await studentStep(student, 0, 0, inputs)
    tiny.match('raw_weights.step0.forward_logits', out.logits)
    tiny.match('raw_weights.step0.forward_conti', out.continuous)
  })

  it.each([0, 2])('has the same hidden states block by block at t = %i', async (t) => {
    const golden = (name: string) => `debug_t${t}.${name}`
    const logits = (await openVarStudent('var_tiny_dd.pth')).at(t).heads.logits(0, 30)
    const states = statesOf(logits, ['batch', 31, 192])
    const tables = statesOf(logits, [31, 192]).filter(({ shape }) => shape.length === 2)
    const graph = Object.fromEntries([...states, ...tables].map((state, i) => [`state${i}`, state]))
    const labels = { data: tiny.input('labels').data.slice(0, 1), shape: [1] }
    const out = await evaluate(graph, { labels: feed(labels), x: feed(tiny.input(golden('x_t'))) })
    const values = Object.values(out).map(numbers)
    tiny.matchInOrder(['embed', 'block0', 'block1', 'block2'].map(golden), values.slice(0, states.length))
    tiny.matchInOrder([golden('block0_n_d_emb')], values.slice(states.length))
  })

  const model = fixtureModel({ student: 'var_tiny_dd.pth', tokenizer })
  const labels = tiny.input('labels')
  const noise = tiny.input('noise')

  it.each([0, 1, 2, 3, 4])('takes the scales before split %i from the codebook', async (split) => {
    const { sequence } = await model.sample(labels, noise, { timesteps: [0], split })
    tiny.match(`split${split}.sequence`, sequence)
  })

  it.each([0, 2])('sees data before t = %i and noise behind it', async (t) => {
    const { steps } = await model.sample(labels, noise, { timesteps: [0, ...(t ? [t] : [])], split: 2 })
    tiny.match(`debug_t${t}.x_t`, steps.at(-1)!.x.slice(0, 30 * 16))
  })

  it('gives the same sequences whatever the batch', async () => {
    const together = await model.sample(labels, noise, { timesteps: [0, 2], split: 2 }, 2)
    const alone = await model.sample(labels, noise, { timesteps: [0, 2], split: 2 }, 1)
    expect(alone.sequence).toBeWithinRelative(together.sequence, 1e-6)
  })
})

describe('the tests above', () => {
  tiny.allCompared()
  micro.allCompared()
})
