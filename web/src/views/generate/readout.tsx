// The time of a picture in large figures, during and after a run.
import type { ModelInfo } from '../../backend/types.ts'
import { samplingChoice } from '../../ui/sampling-choices.ts'
import { plural, secondsText } from '../../ui/text.ts'
import { batchSize } from './run-settings.ts'
import type { RunState } from './use-run.ts'

export interface ReadoutProps {
  state: RunState
  model: ModelInfo
}

export function Readout({ state, model }: ReadoutProps) {
  const { run, made, seconds } = state
  const [figure, unit] = made && seconds ? secondsText(seconds / made).split(' ') : ['–', '']
  return (
    <div class="readout">
      <p class="figure">
        <span class="time">
          {figure}
          <small>{unit}</small>
        </span>
        <span class="quiet">per picture</span>
      </p>
      <p class="quiet small" role="status">
        {run ? sentence(state, model) : 'Nothing made yet.'}
      </p>
      <div class="meter" hidden={!run}>
        <div class={state.status === 'running' ? 'filling' : ''} style={{ width: `${100 * share(state)}%` }} />
      </div>
    </div>
  )
}

/** Share of the run that is done: finished batches, and network evaluations of the current batch. */
function share({ status, run, made, step }: RunState): number {
  if (status !== 'running' || !run) return 0
  if (!step) return made / run.count
  return (Math.floor(made / batchSize) + step.done / step.of) / Math.ceil(run.count / batchSize)
}

function sentence({ status, run, made, ahead, step, seconds, fresh }: RunState, model: ModelInfo): string {
  const { title, evaluations } = samplingChoice(model, run!.steps, { flow: true })
  if (status === 'running') {
    if (ahead) return `${plural(ahead, 'request')} before this one.`
    if (step && step.of > 1) return `${title}: evaluation ${step.done} of ${step.of}, ${made} of ${run!.count} made.`
    return `${made} of ${run!.count} made.`
  }
  if (status === 'cancelled') return `Stopped after ${plural(made, 'picture')}.`
  if (status === 'fault') return made ? `${made} of ${run!.count} made.` : 'Nothing made.'
  const each = `${plural(evaluations, 'network evaluation')} each`
  const opening = fresh ? ' (first run: opening included)' : ''
  return `${plural(made, 'picture')} in ${secondsText(seconds)}, ${each}${opening}`
}
