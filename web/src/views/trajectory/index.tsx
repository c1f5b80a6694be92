// Trajectory: the states between noise and picture, X_t = (q_1..q_t, e_t+1..e_n): the first t token groups are data, the others
// still their noise, and every state is decoded. The student has seen such states at a few timesteps, and jumps from there.
import { useEffect, useMemo, useState } from 'preact/hooks'
import { ClassPicker } from '../../ui/class-picker.tsx'
import { Fault } from '../../ui/fault.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Picture } from '../../ui/picture.tsx'
import { Progress } from '../../ui/progress.tsx'
import { SeedField } from '../../ui/seed-field.tsx'
import { secondsText } from '../../ui/text.ts'
import { useKeys } from '../../ui/use-keys.ts'
import type { ViewProps } from '../props.ts'
import { useModelChange, useRested } from '../walk/use-rested.ts'
import { Filmstrip } from './filmstrip.tsx'
import { GroupsDiagram } from './groups-diagram.tsx'
import { described, guides, readTrajectory, studentStarts } from './trajectory-settings.ts'
import { useStates } from './use-states.ts'
import './trajectory.css'

/** Seconds that playing takes from noise to picture. */
const filmSeconds = 5

export default function Trajectory({ backend, model, classes, settings, set }: ViewProps) {
  const chosen = useMemo(() => readTrajectory(settings, model), [settings, model])
  useModelChange(model.id, () => set({ t: undefined }))
  const [round, setRound] = useState(0)
  const [playing, setPlaying] = useState(false)
  const steps = model.groups.length
  const { seed, index } = chosen
  const noise = { seed, ...(index && { index }) }
  const ask = { model: model.id, class: chosen.class, noise, by: chosen.by }
  const { states, ahead, running, seconds, fault } = useStates(backend, ask, round)
  const arrived = states.length - 1
  const [rested, setAt] = useRested(chosen.at, (t) => set({ t }), playing)
  const at = Math.min(steps, rested ?? Math.max(0, arrived))
  const name = classes[chosen.class]?.name ?? `class ${chosen.class}`

  const go = (timestep: number) => {
    setPlaying(false)
    setAt(Math.min(steps, Math.max(0, timestep)))
  }
  const toggle = () => {
    if (!playing && at === steps) setAt(0)
    setPlaying(!playing)
  }
  useEffect(() => {
    if (!playing) return
    if (at >= steps) return setPlaying(false)
    const next = setTimeout(() => states[at + 1] && setAt(at + 1), Math.max(50, (filmSeconds * 1000) / (steps + 1)))
    return () => clearTimeout(next)
  }, [playing, at, states])
  useKeys({
    ' ': toggle,
    ArrowLeft: () => go(at - 1),
    ArrowRight: () => go(at + 1),
    Home: () => go(0),
    End: () => go(steps),
  })

  const words = described(model, at)
  const starts = studentStarts(model)
  return (
    <div class="view trajectory">
      <header class="view-head">
        <h1>Trajectory</h1>
        <p class="lead">
          Between noise and picture lie {steps + 1} states. At timestep <i>t</i> the first <i>t</i> token groups are
          data and the rest is noise; each state is decoded here as if it were finished.
        </p>
      </header>
      <div class="bench">
        <form class="panel stack" onSubmit={(event) => event.preventDefault()}>
          <ClassPicker classes={classes} value={chosen.class} onChange={(id) => set({ class: id })} />
          <SeedField
            value={seed}
            onChange={(next) => set({ seed: next, index: undefined })}
            {...(index && { hint: `picture ${index} of this seed` })}
          />
          <fieldset class="field">
            <legend class="label">Who turns noise into data</legend>
            <div class="choices">
              {guides
                .filter(({ has }) => has(model))
                .map(({ by, title, detail }) => (
                  <label key={by} class="choice">
                    <input type="radio" name="trajectory-by" checked={chosen.by === by} onChange={() => set({ by })} />
                    <span>
                      <span>
                        {title} <small class="quiet">{detail}</small>
                      </span>
                    </span>
                  </label>
                ))}
            </div>
          </fieldset>
        </form>
        <section class="stack" aria-label="States">
          <Fault error={fault} again={() => setRound((n) => n + 1)} />
          <div class="trajectory-now">
            <Picture
              png={states[at]?.picture.png}
              alt={`${name} at timestep ${at} of ${steps}`}
              working={running && !states[at]}
            />
            <div class="trajectory-what">
              {classes[chosen.class]?.policy === 'flag' && (
                <p>
                  <span class="tag">flagged</span>
                </p>
              )}
              <p class="trajectory-t">
                <i>t</i> = {at} <span class="quiet">of {steps}</span>
              </p>
              <GroupsDiagram model={model} timestep={at} label={words} />
              <p class="trajectory-words">{words}</p>
              <p class="small quiet">
                <i class="trajectory-key data" /> data <i class="trajectory-key noise" /> noise
              </p>
            </div>
          </div>
          <div class="trajectory-bar">
            <button
              type="button"
              class="button primary square"
              aria-label={playing ? 'Pause' : 'Play'}
              onClick={toggle}
            >
              <Icon name={playing ? 'pause' : 'play'} />
            </button>
            <input
              class="slider trajectory-slider"
              type="range"
              min={0}
              max={steps}
              step={1}
              value={at}
              aria-label="Timestep"
              aria-valuetext={`${at} of ${steps}. ${words}`}
              onInput={({ currentTarget }) => go(currentTarget.valueAsNumber)}
            />
          </div>
          <Filmstrip states={states} steps={steps} at={at} starts={starts} go={go} />
          <div class="trajectory-progress">
            {running ? (
              <Progress
                label={
                  ahead > 0 ? `${ahead} before this one in the server’s queue` : `State ${arrived + 1} of ${steps + 1}`
                }
                value={(arrived + 1) / (steps + 1)}
              />
            ) : (
              <p class="hint">
                {seconds !== undefined && `${steps + 1} states in ${secondsText(seconds)}. `}
                <kbd>←</kbd> <kbd>→</kbd> step, <kbd>Space</kbd> plays.{' '}
                {starts.length > 0 && (
                  <>
                    <span class="trajectory-start">{starts.join(', ')}</span> are where the student starts.
                  </>
                )}
              </p>
            )}
          </div>
        </section>
      </div>
      <Reading starts={starts} />
    </div>
  )
}

function Reading({ starts }: { starts: readonly number[] }) {
  const later = starts.filter((timestep) => timestep > 0)
  return (
    <div class="trajectory-reading">
      <section>
        <h2>What t counts</h2>
        <p>
          A token group is what the teacher draws in one step: a whole scale for VAR, a single position for LlamaGen.
          Timestep <i>t</i> is the number of groups that are finished. At 0 all is noise, at the end all is picture.
        </p>
      </section>
      <section>
        <h2>Why noise can become data</h2>
        <p>
          The flow map carries each token’s noise to one codebook entry, and which one depends only on that noise and on
          the groups before. So the same noise gives the same picture, and a student can learn where it ends.
        </p>
      </section>
      {later.length > 0 && (
        <section>
          <h2>Where the student jumps</h2>
          <p>
            It knows noise at timestep {starts.join(' and ')}. From 0 it guesses all groups at once: one step. For two,
            noise is put back from group {later[0]! + 1} on, and it guesses again with the groups before as data.
          </p>
        </section>
      )}
    </div>
  )
}
