// The fourth figure: the running model makes one picture in one step, and its teacher makes one in all its steps, with live times.

import { Fault } from '../../ui/fault.tsx'
import { Picture } from '../../ui/picture.tsx'
import { samplingChoices } from '../../ui/sampling-choices.ts'
import { plural, secondsText } from '../../ui/text.ts'
import type { ViewProps } from '../props.ts'
import { Asked, askedFor } from './asked.tsx'
import type { Run } from './runs.ts'
import { useRuns } from './runs.ts'

/** Keys of sampling-choices.ts, with their names here. */
const lanes = [
  { key: '1', title: 'Student', what: 'the whole map in one pass' },
  { key: 'flow', title: 'Teacher’s map', what: 'the same noise, step by step' },
  { key: 'teacher', title: 'Teacher', what: 'draws at random, without the noise' },
] as const

export function Race(props: ViewProps) {
  const { backend, model, settings } = props
  const { runs, busy, fault, start, stop } = useRuns(backend)
  const choices = lanes.flatMap((lane) => {
    const choice = samplingChoices(model, { flow: true }).find(({ key }) => key === lane.key)
    return choice ? [{ ...choice, ...lane }] : []
  })
  const begin = () => {
    const { class: label, seed } = askedFor({ model, settings })
    start({ model: model.id, image: { class: label, noise: { seed } }, choices })
  }
  return (
    <div class="stack">
      <Asked {...props} busy={busy} title="Race" onStart={begin} onStop={stop} />
      <Fault error={fault} again={begin} />
      <div class="explain-race">
        {choices.map(({ key, title, what, evaluations }) => (
          <Lane key={key} title={title} what={what} evaluations={evaluations} run={runs[key]} />
        ))}
      </div>
      <p class="explain-verdict" role="status">
        {verdict(runs) ??
          'Each network is opened and run once before its time counts; of short times the median of five stands.'}
      </p>
    </div>
  )
}

/** A sentence that compares the times, once they are measured. */
function verdict(runs: Readonly<Record<string, Run>>): string | undefined {
  const student = runs['1']
  const teacher = runs.teacher
  if (student?.status !== 'done' || teacher?.status !== 'done') return undefined
  const ratio = teacher.seconds / student.seconds
  const compared = ratio > 1.05 ? `${ratio.toFixed(ratio < 10 ? 1 : 0)} times as long` : 'no longer, this time'
  return `${plural(student.steps, 'step')}: ${secondsText(student.seconds)}. The teacher’s ${teacher.steps}: ${secondsText(teacher.seconds)}, ${compared}.`
}

interface LaneProps {
  title: string
  what: string
  evaluations: number
  run: Run | undefined
}

function Lane({ title, what, evaluations, run }: LaneProps) {
  const running = run?.status === 'running'
  const opening = run?.status === 'opening'
  const steps = run?.steps ?? evaluations
  return (
    <Picture
      png={run?.picture?.png}
      working={running || opening}
      alt={run?.picture ? `${run.picture.className}, ${title.toLowerCase()}` : ''}
    >
      <strong>{title}</strong> <span class="explain-what">{what}</span>
      <span class="explain-steps" aria-hidden="true">
        <span style={{ width: `${run ? (100 * (run.status === 'done' ? steps : run.step)) / steps : 0}%` }} />
      </span>
      <span class="explain-time">
        <span>{running && steps > 1 ? `${run.step} of ${steps}` : plural(steps, 'step')}</span>
        {opening ? 'opening' : <b>{run && run.status !== 'waiting' ? secondsText(run.seconds) : ''}</b>}
      </span>
    </Picture>
  )
}
