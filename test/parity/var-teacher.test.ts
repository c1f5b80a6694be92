// VAR's teacher against PyTorch: teacher-forced and guided logits, greedy sampling, and pipelines that mix it with the student.
import { describe, expect, it } from 'vitest'
import { goldens } from './goldens.ts'
import { columns, fixtureModel } from './open.ts'
import { openVarStudent, studentStep } from './student-step.ts'

const golden = goldens('var_tiny_teacher')
const files = { student: 'var_tiny_dd.pth', teacher: 'var_tiny_teacher.pth', tokenizer: 'var_tiny_vqvae.pth' }
/** Tokens of the first t scales. */
const starts = [0, 1, 5, 14, 30]
const labels = golden.input('labels')
const noise = golden.input('noise')

const model = fixtureModel(files)

describe('one pass of the teacher', () => {
  const tokens = golden.input('teacher.tf_idx')
  const prefix = columns(tokens.data, tokens.shape, 0, starts[3]!)

  it('takes the same inputs and gives the same logits', async () => {
    const out = await model.teacherForced(Array.from(labels.data), prefix, 3)
    golden.match('teacher.tf_var_input', out.tokens)
    golden.match('teacher.tf_logits_cond', out.logits)
  })

  it('gives the same logits without a class', async () => {
    const out = await model.teacherForced([10, 10], prefix, 3)
    golden.match('teacher.tf_logits_uncond', out.logits)
  })
})

describe('the teacher alone', () => {
  it.each([1.5, 4])('chooses the same tokens greedily with cfg %d', async (cfg) => {
    const out = await model.sample(labels, noise, { teacherOnly: true, teacher: { cfg } })
    golden.match(`teacher.greedy_cfg${cfg}.logits`, out.logits)
    golden.match(`teacher.greedy_cfg${cfg}.idx`, out.teacher)
    golden.match(`teacher.greedy_cfg${cfg}.image`, out.image)
  })
})

describe.each([
  { run: 'combine_start0', from: 0, to: 2, split: 3 },
  { run: 'combine_start1', from: 1, to: 3, split: 2 },
  { run: 'combine_start2', from: 2, to: 3, split: 4 },
])('the student in $run: teacher from $from to $to, split $split', ({ run, from, to, split }) => {
  const options = { timesteps: [0, to], split, teacherFrom: from }

  it('passes through the same states to the same image', async () => {
    const out = await model.sample(labels, noise, options)
    const finish = out.steps.at(-1)!
    expect(out.steps).toHaveLength(from > 0 ? 2 : 1)
    if (from > 0) golden.match(`${run}.dd0.sequence`, out.steps[0]!.sequence)
    if (from > 0) golden.matchColumns(`${run}.dd0.idx`, 0, starts[from]!, out.prefix)
    const sampled = starts[to]! - starts[from]!
    const rows = out.logits.length / 2 / 128
    golden.match(`${run}.teacher.logits`, columns(out.logits, [2, rows, 128], rows - sampled, rows))
    golden.match(`${run}.teacher.idx`, out.teacher)
    golden.match(`${run}.teacher.sequence`, columns(finish.x, [2, 30, 16], 0, starts[to]!))
    golden.match(`${run}.dd1.x_t`, finish.x)
    golden.match(`${run}.dd1.sequence`, finish.sequence)
    golden.match(`${run}.f_hat`, out.fHat)
    golden.match(`${run}.image`, out.image)
  })

  it('predicts as upstream when it takes over', async () => {
    const inputs = { labels, x: golden.input(`${run}.dd1.x_t`) }
    const out = await studentStep(await openVarStudent(files.student), to, starts[to]!, inputs)
    golden.match(`${run}.dd1.predict_conti`, out.kept)
    golden.match(`${run}.dd1.predict_logits_argmax`, out.indices)
  })
})

describe('the prefix mask', () => {
  it('changes what the teacher sees when it is causal', async () => {
    const options = { timesteps: [0, 3], split: 2, teacherFrom: 2 }
    const none = await model.sample(labels, noise, { ...options, teacher: { prefixMask: 'none' } })
    const causal = await model.sample(labels, noise, { ...options, teacher: { prefixMask: 'causal' } })
    expect(causal.teacher).not.toEqual(none.teacher)
  })
})

describe('the tests above', () => golden.allCompared())
