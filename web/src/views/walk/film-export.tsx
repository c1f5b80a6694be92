// The controls of the film: how many pictures, how fast, there and back; then progress, a way to stop, and the file.
import { useEffect, useRef, useState } from 'preact/hooks'
import { isAbort } from '../../backend/types.ts'
import type { Changes } from '../../router.ts'
import { download } from '../../ui/download.ts'
import { Fault } from '../../ui/fault.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Progress } from '../../ui/progress.tsx'
import { bytesText } from '../../ui/text.ts'
import { type FilmAsk, type FilmProgress, makeFilm } from './film.ts'
import { lengths } from './walk-settings.ts'

interface FilmExportProps extends FilmAsk {
  set(changes: Changes): void
}

export function FilmExport({ backend, model, walk, set }: FilmExportProps) {
  const [progress, setProgress] = useState<FilmProgress>()
  const [said, setSaid] = useState('')
  const [fault, setFault] = useState<unknown>()
  const running = useRef<AbortController>(undefined)
  const stop = () => running.current?.abort(new DOMException('Cancelled', 'AbortError'))

  // A film made with earlier settings is discarded.
  const settings = JSON.stringify([
    model.id,
    walk.classes,
    walk.from,
    walk.index,
    walk.to,
    walk.moving,
    walk.choice.key,
  ])
  useEffect(() => stop, [backend, settings])
  useEffect(() => setSaid(''), [settings, walk.frames, walk.back])

  const start = async () => {
    const controller = new AbortController()
    running.current = controller
    setFault(undefined)
    setSaid('')
    setProgress({ part: 'pictures', done: 0, of: walk.frames })
    try {
      const { blob, name, frames } = await makeFilm({ backend, model, walk }, controller.signal, setProgress)
      download(blob, name)
      setSaid(`${name}: ${frames} frames, ${bytesText(blob.size)}.`)
    } catch (error) {
      if (isAbort(error) || controller.signal.aborted) setSaid('Stopped.')
      else setFault(error)
    } finally {
      setProgress(undefined)
    }
  }

  const share = progress && (progress.done / progress.of + (progress.part === 'frames' ? 1 : 0)) / 2
  const what = progress?.part === 'frames' ? 'Frame' : 'Picture'
  return (
    <fieldset class="field walk-film">
      <legend class="label">Film</legend>
      <div class="row">
        <label class="walk-inline">
          <span class="small">Pictures</span>
          <select
            class="select"
            value={walk.frames}
            onChange={({ currentTarget }) => set({ frames: currentTarget.value })}
          >
            {[...new Set<number>([...lengths, walk.frames])]
              .sort((a, b) => a - b)
              .map((count) => (
                <option key={count}>{count}</option>
              ))}
          </select>
        </label>
        <label class="walk-check">
          <input
            type="checkbox"
            checked={walk.back}
            onChange={({ currentTarget }) => set({ back: currentTarget.checked ? undefined : 'no' })}
          />
          <span>There and back</span>
        </label>
      </div>
      {progress ? (
        <div class="walk-making">
          <Progress label={`${what} ${progress.done} of ${progress.of}`} value={share} />
          <button type="button" class="button small" onClick={stop}>
            Stop
          </button>
        </div>
      ) : (
        <button type="button" class="button" onClick={start}>
          <Icon name="download" /> Save as GIF
        </button>
      )}
      <p class="hint" role="status">
        {said}
      </p>
      <Fault error={fault} again={start} />
    </fieldset>
  )
}
