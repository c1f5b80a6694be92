// The third figure: flow matching in the plane, computed as the reader changes it. The entries are the codebook, the cloud is
// noise, and each coloured cell is the region whose noise ends at one entry.
import { useEffect, useState } from 'preact/hooks'
import type { Entry } from './flow.ts'
import { Plane, percentText } from './toy-plane.tsx'
import { counted, letters, presets, useFacts } from './toy-state.ts'

/** Seconds from noise to entries. */
const duration = 3.5

export function Toy() {
  const [entries, setEntries] = useState<readonly Entry[]>(presets[0]!.entries)
  const [own, setOwn] = useState<readonly [number, number]>([-0.6, 0.9])
  const [seed, setSeed] = useState(1)
  const [time, setTime] = useState(0)
  const [playing, setPlaying] = usePlaying(time, setTime)
  const facts = useFacts(entries, own, seed)
  const change = (j: number, part: Partial<Entry>) =>
    setEntries((old) => old.map((entry, k) => (k === j ? { ...entry, ...part } : entry)))
  return (
    <div class="explain-toy">
      <div class="stack">
        <Plane
          entries={entries}
          own={own}
          facts={facts}
          time={time}
          onEntry={(j, x, y) => change(j, { x, y })}
          onOwn={(x, y) => setOwn([x, y])}
        />
        <div class="explain-play">
          <button type="button" class="button small" onClick={() => setPlaying(!playing)}>
            {playing ? 'Pause' : 'Play'}
          </button>
          <label class="field">
            <span class="label">
              Time {time.toFixed(2)}{' '}
              <span class="quiet">{time === 0 ? 'noise' : time === 1 ? 'tokens' : 'on the way'}</span>
            </span>
            <input
              type="range"
              class="slider"
              min={0}
              max={1}
              step={0.01}
              value={time}
              onInput={(event) => {
                setPlaying(false)
                setTime(event.currentTarget.valueAsNumber)
              }}
            />
          </label>
        </div>
      </div>
      <div class="stack">
        <p class="explain-verdict" role="status">
          Your noise ends on <strong class={`explain-${facts.own.ends[0]}`}>{letters[facts.own.ends[0]!]}</strong>,
          every time.
        </p>
        <Weights entries={entries} facts={facts} onWeight={(j, weight) => change(j, { weight })} />
        <div class="row">
          {presets.map(({ name, entries: set }) => (
            <button key={name} type="button" class="button small" onClick={() => setEntries(set)}>
              {name}
            </button>
          ))}
          <button type="button" class="button small" onClick={() => setSeed(seed + 1)}>
            Other noise
          </button>
        </div>
        <p class="hint">
          Drag the entries and the ring, which is your own noise; or reach them with <kbd>Tab</kbd> and move them with
          the arrow keys, with <kbd>Shift</kbd> faster.
        </p>
      </div>
    </div>
  )
}

/** Time runs while it plays, and restarts after the end; with reduced motion, the end is shown at once. */
function usePlaying(time: number, setTime: (time: number) => void): [boolean, (playing: boolean) => void] {
  const [playing, setPlaying] = useState(false)
  useEffect(() => {
    if (!playing) return
    const from = time >= 1 ? 0 : time
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      setTime(1)
      return setPlaying(false)
    }
    const started = performance.now()
    let frame = requestAnimationFrame(function move(now) {
      const next = Math.min(1, from + Math.max(0, now - started) / 1000 / duration)
      setTime(next)
      if (next < 1) frame = requestAnimationFrame(move)
      else setPlaying(false)
    })
    return () => cancelAnimationFrame(frame)
  }, [playing])
  return [playing, setPlaying]
}

interface WeightsProps {
  entries: readonly Entry[]
  facts: ReturnType<typeof useFacts>
  onWeight(j: number, weight: number): void
}

/** A slider for each entry, its probability, and how much of the noise came to it. */
function Weights({ entries, facts, onWeight }: WeightsProps) {
  const others = (j: number) => entries.reduce((sum, { weight }, k) => sum + (k === j ? 0 : weight), 0)
  return (
    <table class="explain-weights">
      <thead>
        <tr>
          <th scope="col">Entry</th>
          <th scope="col">Probability</th>
          <th scope="col" class="number">
            asked
          </th>
          <th scope="col" class="number">
            arrived
          </th>
        </tr>
      </thead>
      <tbody>
        {entries.map(({ weight }, j) => (
          <tr key={letters[j]}>
            <th scope="row">
              <span class={`explain-chip explain-${j}`}>{letters[j]}</span>
            </th>
            <td>
              <input
                type="range"
                class="slider"
                min={others(j) > 0 ? 0 : 1}
                max={100}
                value={weight}
                aria-label={`Weight of ${letters[j]}`}
                aria-valuetext={percentText(facts.probabilities[j]!)}
                onInput={(event) => onWeight(j, event.currentTarget.valueAsNumber)}
              />
            </td>
            <td class="number">{(100 * facts.probabilities[j]!).toFixed(1)} %</td>
            <td class="number">{facts.arrived ? `${((100 * facts.arrived[j]!) / counted).toFixed(1)} %` : '…'}</td>
          </tr>
        ))}
      </tbody>
      <caption class="caption">Arrived: of {counted.toLocaleString('en-US')} noises carried along the stream</caption>
    </table>
  )
}
