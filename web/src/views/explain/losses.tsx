// The fifth figure: the same noise in every way of the running model, next to each way's figures over 10,000 pictures.
import { Fault } from '../../ui/fault.tsx'
import { PngImage } from '../../ui/picture.tsx'
import { type SamplingChoice, samplingChoices } from '../../ui/sampling-choices.ts'
import { secondsText } from '../../ui/text.ts'
import type { ViewProps } from '../props.ts'
import { measured } from '../report/results.ts'
import { Asked, askedFor } from './asked.tsx'
import { type Run, useRuns } from './runs.ts'

export function Losses(props: ViewProps) {
  const { backend, model, settings } = props
  const { runs, busy, fault, start, stop } = useRuns(backend)
  const choices = samplingChoices(model)
  const rows = choices.map((choice) => ({ choice, row: rowOf(model.id, choice, model.presets) }))
  const most = Math.max(...rows.map(({ row }) => row?.frechet ?? 0))
  const begin = () => {
    const { class: label, seed } = askedFor({ model, settings })
    start({ model: model.id, image: { class: label, noise: { seed } }, choices })
  }
  return (
    <div class="stack">
      <Asked {...props} second busy={busy} title="Make all" onStart={begin} onStop={stop} />
      <Fault error={fault} again={begin} />
      <ul class="explain-losses">
        {rows.map(({ choice, row }) => (
          <li key={choice.key}>
            <Thumb run={runs[choice.key]} choice={choice} />
            <div class="explain-loss">
              <p>
                <strong>{choice.title}</strong> <span class="quiet small">{row?.detail ?? choice.detail}</span>
              </p>
              {row && (
                <p class="explain-distance">
                  <span class="explain-track">
                    <span style={{ width: `${(100 * row.frechet) / most}%` }} />
                  </span>
                  <span>{row.frechet.toFixed(1)}</span>
                </p>
              )}
            </div>
            <b class="explain-took">{timeOf(runs[choice.key])}</b>
          </li>
        ))}
      </ul>
      {most > 0 && (
        <p class="caption">
          Bars: Fréchet distance to sprites the model never saw, shorter is better; 10,000 pictures each, in the
          features of the sprite classifier. Not an ImageNet FID. Details are in the Report.
        </p>
      )}
    </div>
  )
}

function rowOf(model: string, { key, evaluations }: SamplingChoice, presets: ViewProps['model']['presets']) {
  if (key === 'teacher') return measured(model, 'teacher')
  const preset = presets.find(({ steps }) => steps === evaluations)
  return preset && measured(model, preset)
}

function timeOf(run: Run | undefined): string {
  if (!run || run.status === 'waiting') return ''
  return run.status === 'opening' ? 'opening' : secondsText(run.seconds)
}

function Thumb({ run, choice }: { run: Run | undefined; choice: SamplingChoice }) {
  const picture = run?.picture
  return (
    <span class={run?.status === 'running' || run?.status === 'opening' ? 'picture-frame working' : 'picture-frame'}>
      <PngImage png={picture?.png} alt={picture ? `${picture.className}, ${choice.title}` : ''} />
    </span>
  )
}
