// The fifth figure: the same noise by every way of the running model, beside what 10,000 pictures of each way measured.
import { Fault } from '../../ui/fault.tsx'
import { PngImage } from '../../ui/picture.tsx'
import { secondsText } from '../../ui/text.ts'
import { type WayChoice, waysOf } from '../../ui/ways.ts'
import type { ViewProps } from '../props.ts'
import { measured } from '../report/results.ts'
import { Asked, askedFor } from './asked.tsx'
import { type Run, useRuns } from './runs.ts'

export function Losses(props: ViewProps) {
  const { studio, model, settings } = props
  const { runs, busy, fault, start, stop } = useRuns(studio)
  const ways = waysOf(model)
  const rows = ways.map((way) => ({ way, row: rowOf(model.id, way, model.presets) }))
  const most = Math.max(...rows.map(({ row }) => row?.frechet ?? 0))
  const begin = () => {
    const { class: label, seed } = askedFor({ model, settings })
    start({ model: model.id, image: { class: label, noise: { seed } }, ways })
  }
  return (
    <div class="stack">
      <Asked {...props} second busy={busy} title="Make all" onStart={begin} onStop={stop} />
      <Fault error={fault} again={begin} />
      <ul class="explain-losses">
        {rows.map(({ way, row }) => (
          <li key={way.key}>
            <Thumb run={runs[way.key]} way={way} />
            <div class="explain-loss">
              <p>
                <strong>{way.title}</strong> <span class="quiet small">{row?.detail ?? way.detail}</span>
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
            <b class="explain-took">{timeOf(runs[way.key])}</b>
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

function rowOf(model: string, { key, evaluations }: WayChoice, presets: ViewProps['model']['presets']) {
  if (key === 'teacher') return measured(model, 'teacher')
  const preset = presets.find(({ steps }) => steps === evaluations)
  return preset && measured(model, preset)
}

function timeOf(run: Run | undefined): string {
  if (!run || run.status === 'waiting') return ''
  return run.status === 'opening' ? 'opening' : secondsText(run.seconds)
}

function Thumb({ run, way }: { run: Run | undefined; way: WayChoice }) {
  const picture = run?.picture
  return (
    <span class={run?.status === 'running' || run?.status === 'opening' ? 'picture-frame working' : 'picture-frame'}>
      <PngImage png={picture?.png} alt={picture ? `${picture.className}, ${way.title}` : ''} />
    </span>
  )
}
