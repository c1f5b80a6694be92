// The pictures of the walk: canvases of the chosen classes, the slider between the two noises, play and pause. The position is
// state here and is written to the address when it rests.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Backend, ClassEntry, ModelInfo, Picture } from '../../backend/types.ts'
import type { Changes } from '../../router.ts'
import { Fault } from '../../ui/fault.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Progress } from '../../ui/progress.tsx'
import { secondsText } from '../../ui/text.ts'
import { type Keys, useKeys } from '../../ui/use-keys.ts'
import { bitmapOf } from '../same-noise/pixels.ts'
import { type Latest, latest, pace } from './latest.ts'
import { recipeAt, swing, type Walk } from './recipe.ts'
import { useRested } from './use-rested.ts'
import type { WalkSettings } from './walk-settings.ts'

export interface StageProps {
  backend: Backend
  model: ModelInfo
  classes: readonly ClassEntry[]
  walk: WalkSettings
  set(changes: Changes): void
}

interface Reading {
  /** Seconds of computing for one picture of each class. */
  seconds: number
  rate: number | undefined
}

export function Stage({ backend, model, classes, walk, set }: StageProps) {
  const [playing, setPlaying] = useState(false)
  const [at, setAt] = useRested(walk.at, (place) => set({ at: place || undefined }), playing)
  const [reading, setReading] = useState<Reading>()
  const [waiting, setWaiting] = useState<{ ahead: number; step: number; steps: number }>()
  const [fault, setFault] = useState<unknown>()
  const canvases = useRef<(HTMLCanvasElement | null)[]>([])
  const painter = useRef<Latest<Walk>>(undefined)
  const wish: Walk = { ...walk, at, total: model.groups.length }
  const labels = walk.classes.join()

  useEffect(() => {
    const { options } = walk.choice
    const clock = pace()
    const own = latest<Walk>(
      async (wanted, signal) => {
        const noise = recipeAt(wanted)
        const images = walk.classes.map((label) => ({ class: label, noise }))
        const made: Picture[] = []
        const { seconds } = await backend.sample(
          { model: model.id, options, images },
          {
            signal,
            onQueued: (ahead) => ahead > 0 && setWaiting({ ahead, step: 0, steps: 1 }),
            onStep: (step, steps) => (steps > 4 ? setWaiting({ ahead: 0, step, steps }) : setWaiting(undefined)),
            onPicture: (picture) => {
              made[picture.place] = picture
            },
          },
        )
        const bitmaps = await Promise.all(made.map(({ png }) => bitmapOf(png)))
        signal.throwIfAborted()
        for (const [place, bitmap] of bitmaps.entries()) paint(canvases.current[place], bitmap)
        const now = performance.now()
        clock.tick(now)
        setReading({ seconds, rate: clock.rate(now) })
        setWaiting(undefined)
        setFault(undefined)
      },
      (error) => {
        setFault(error)
        setWaiting(undefined)
        setPlaying(false)
      },
    )
    painter.current = own
    return () => {
      own.stop()
      setWaiting(undefined)
    }
  }, [backend, model.id, walk.choice.key, labels])
  useEffect(
    () => painter.current?.wish(wish),
    [backend, model.id, walk.choice.key, labels, at, walk.from, walk.index, walk.to, walk.moving.join()],
  )

  // At the start of the walk, a change of groups would not be visible: the position moves to where the second noise shows.
  const edited = useRef(walk.moving.join())
  useEffect(() => {
    if (edited.current === walk.moving.join()) return
    edited.current = walk.moving.join()
    if (at === 0 && !playing) setAt(1)
  }, [walk.moving.join()])

  useEffect(() => {
    if (!playing) return
    const started = performance.now() - at * walk.seconds * 1000
    let frame = requestAnimationFrame(function turn(now: number) {
      setAt(rounded(swing((now - started) / (walk.seconds * 1000))))
      frame = requestAnimationFrame(turn)
    })
    return () => cancelAnimationFrame(frame)
  }, [playing, walk.seconds])

  const toggle = () => setPlaying((on) => !on)
  const go = (place: number) => {
    setPlaying(false)
    setAt(rounded(Math.min(1, Math.max(0, place))))
  }
  const stride = (event: KeyboardEvent) => (event.shiftKey ? 0.1 : 0.02)
  const keys: Keys = {
    ' ': toggle,
    ArrowLeft: (event) => go(at - stride(event)),
    ArrowRight: (event) => go(at + stride(event)),
    Home: () => go(0),
    End: () => go(1),
  }
  useKeys(keys)

  const names = walk.classes.map((id) => classes[id]?.name ?? `class ${id}`)
  const percent = Math.round(at * 100)
  return (
    <section class="stack walk-stage" aria-label="Pictures">
      <div class="walk-pictures" data-count={names.length}>
        {names.map((name, place) => (
          <figure class="picture" key={place}>
            <div class="picture-frame">
              <canvas
                ref={(canvas) => {
                  canvases.current[place] = canvas
                }}
                class="pixelated"
                width={model.imageSize}
                height={model.imageSize}
                role="img"
                aria-label={`${name}, ${percent} % of the way from noise ${walk.from} to noise ${walk.to}`}
              />
            </div>
            <figcaption class="caption">
              <strong>{name}</strong>{' '}
              {classes[walk.classes[place]!]?.policy === 'flag' && <span class="tag">flagged</span>}
            </figcaption>
          </figure>
        ))}
      </div>
      <div class="walk-bar">
        <button
          type="button"
          class="button primary square walk-play"
          aria-label={playing ? 'Pause' : 'Play'}
          onClick={toggle}
        >
          <Icon name={playing ? 'pause' : 'play'} />
        </button>
        <div class="walk-way">
          <input
            class="slider walk-slider"
            type="range"
            min={0}
            max={1}
            step={0.001}
            value={at}
            aria-label="Place between the noises"
            aria-valuetext={`${percent} % of the way from seed ${walk.from} to seed ${walk.to}`}
            // A slider's own step is finer than a key press should be.
            onKeyDown={(event) => {
              const act = keys[event.key]
              if (!act) return
              event.preventDefault()
              act(event)
            }}
            onInput={({ currentTarget }) => go(currentTarget.valueAsNumber)}
          />
          <div class="walk-ends small" aria-hidden="true">
            <span>
              seed <strong>{walk.from}</strong>
              {walk.index > 0 && `, picture ${walk.index}`}
            </span>
            <span class="walk-percent">{percent} %</span>
            <span>
              seed <strong>{walk.to}</strong>
            </span>
          </div>
        </div>
      </div>
      {waiting ? (
        <Progress
          label={
            waiting.ahead > 0
              ? `${waiting.ahead} before this one in the server’s queue`
              : `Evaluation ${waiting.step} of ${waiting.steps}`
          }
          value={waiting.step / waiting.steps}
        />
      ) : (
        <p class="hint walk-reading">
          {reading ? readingText(reading, names.length) : fault === undefined && 'Making the first picture ...'}
        </p>
      )}
      <Fault error={fault} again={() => painter.current?.wish(wish)} />
    </section>
  )
}

const rounded = (at: number) => Math.round(at * 1000) / 1000

function readingText({ seconds, rate }: Reading, count: number): string {
  const work = `${secondsText(seconds)} for ${count === 1 ? 'the picture' : `these ${count}`}`
  return rate === undefined ? work : `${rate.toFixed(rate < 9.95 ? 1 : 0)} frames a second · ${work}`
}

function paint(canvas: HTMLCanvasElement | null | undefined, bitmap: ImageBitmap): void {
  canvas?.getContext('2d')?.drawImage(bitmap, 0, 0)
  bitmap.close()
}
