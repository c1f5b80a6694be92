// LlamaGen's teacher against PyTorch: logits of a prefix, greedy sampling, and pipelines that mix it with the student.
import { describe, expect, it } from 'vitest'
import { goldens } from './goldens.ts'
import { columns, fixtureModel } from './open.ts'
import { openLlamaGenStudent, studentStep } from './student-step.ts'

const golden = goldens('llamagen_tiny_teacher')
const files = { student: 'llamagen_tiny_dd.pt', teacher: 'llamagen_tiny_teacher.pt', tokenizer: 'llamagen_tiny_vq.pt' }
const labels = golden.input('labels')
const noise = golden.input('noise')
const model = fixtureModel(files, { heads: 2, tokens: 16 })

describe('one pass of the teacher', () => {
  const prefix = Array.from(golden.input('teacher.prefix_idx').data)

  it.each([
    ['cond', Array.from(labels.data)],
    ['uncond', [10, 10]],
  ])('gives the same logits, %s', async (branch, rows) => {
    const { logits } = await model.teacherForced(rows, prefix, 8)
    golden.match(`teacher.prefix_logits_${branch}`, logits)
  })
})

describe('the teacher alone', () => {
  it.each([
    ['greedy_cfg4', 4, -1],
    ['greedy_cfg2', 2, -1],
    ['greedy_cfg1', 1, -1],
    ['greedy_cfg4_interval5', 4, 5],
  ])('chooses the same tokens, %s', async (run, cfg, cfgInterval) => {
    const out = await model.sample(labels, noise, { teacherOnly: true, teacher: { cfg, cfgInterval } })
    golden.match(`teacher.${run}.logits`, out.logits)
    golden.match(`teacher.${run}.idx`, out.teacher)
    golden.match(`teacher.${run}.image`, out.image)
  })
})

describe.each([
  { run: 'combine_start3', from: 3, to: 8, split: 11 },
  { run: 'combine_start0', from: 0, to: 6, split: 10 },
  { run: 'combine_start6_full', from: 6, to: 16, split: 11 },
])('the student in $run: teacher from $from to $to, split $split', ({ run, from, to, split }) => {
  const whole = to === 16

  it('passes through the same states to the same image', async () => {
    const out = await model.sample(labels, noise, { timesteps: [0, to], split, teacherFrom: from })
    expect(out.steps).toHaveLength((from > 0 ? 1 : 0) + (whole ? 0 : 1))
    if (from > 0) golden.match(`${run}.dd0.sequence`, out.steps[0]!.sequence)
    if (from > 0) golden.match(`${run}.dd0.prefix_idx`, out.prefix)
    const rows = out.logits.length / 2 / 256
    golden.match(`${run}.teacher.logits`, columns(out.logits, [2, rows, 256], from, rows))
    golden.matchColumns(`${run}.teacher.idx`, 0, from, out.prefix)
    golden.matchColumns(`${run}.teacher.idx`, from, to, out.teacher)
    if (!whole) golden.match(`${run}.dd1.x_t`, out.steps.at(-1)!.x)
    golden.match(`${run}.sequence`, out.sequence)
    golden.match(`${run}.image`, out.image)
  })

  if (whole) return // the student has nothing left to do

  it('predicts as upstream when it takes over', async () => {
    const inputs = { labels, x: golden.input(`${run}.dd1.x_t`) }
    const out = await studentStep(await openLlamaGenStudent(files.student, 2), to, to, inputs)
    golden.match(`${run}.dd1.predict_conti`, out.kept)
    golden.match(`${run}.dd1.predict_logits_argmax`, out.indices)
  })
})

describe('the tests above', () => golden.allCompared())
