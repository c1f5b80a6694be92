// Generate: a class, a seed, a number of steps, and pictures as they are made, with the time each took. The settings are in the
// address, runs are kept in the history, and a picture that is dropped or pasted restores its settings.
import { useContext, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Picture } from '../../backend/types.ts'
import { EngineContext } from '../../state/context.ts'
import { usePreference } from '../../state/preferences.ts'
import { useHistory } from '../../state/use-history.ts'
import { classOr } from '../../ui/class-search.ts'
import { download, pictureName, runName } from '../../ui/download.ts'
import { Fault } from '../../ui/fault.tsx'
import { samplingChoices } from '../../ui/sampling-choices.ts'
import { randomSeed } from '../../ui/seed-field.tsx'
import { writeTeacher } from '../../ui/teacher-settings.ts'
import { useKeys } from '../../ui/use-keys.ts'
import { zipPictures } from '../../ui/zip.ts'
import type { ViewProps } from '../props.ts'
import { Details } from './details.tsx'
import { PictureGrid } from './grid.tsx'
import { HistoryStrip } from './history-strip.tsx'
import { KeysDialog } from './keys-dialog.tsx'
import { SettingsPanel } from './panel.tsx'
import { Readout } from './readout.tsx'
import { recordOf } from './record.ts'
import { DropVeil, useRestore } from './restore.tsx'
import { differences, type RunSettings, readRun, runOfImage, writeRun } from './run-settings.ts'
import { type RunState, shownAt, useRun } from './use-run.ts'
import './generate.css'

export default function Generate({ backend, model, classes, settings, set }: ViewProps) {
  const engine = useContext(EngineContext)!
  const history = useHistory()
  const [live, setLive] = usePreference('live', model.imageSize <= 64)
  const [selected, setSelected] = useState(0)
  const [help, setHelp] = useState(false)
  const [times, setTimes] = useState<Readonly<Record<string, number>>>({})

  const address = JSON.stringify(settings)
  const run = useMemo(() => readRun(JSON.parse(address), model), [address, model])
  const entry = classOr(classes, run.class)
  const wanted: RunSettings = { ...run, class: entry?.id ?? run.class }
  const runner = useRun(backend, model, async (state: RunState) => {
    const pictures = state.pictures.filter((picture) => picture !== undefined)
    setTimes((old) => ({ ...old, [timeKey(state.run!.steps)]: state.seconds / pictures.length }))
    history.add(await recordOf(state.run!, pictures, model))
  })
  const { state, start, cancel } = runner
  const timeKey = (steps: string) => `${engine.kind} ${model.id} ${steps}`

  const generate = () => start(wanted)
  // A changed setting cancels the current run; when pictures are quick, it starts the next run at once.
  const key = JSON.stringify(wanted)
  const known = entry !== undefined && entry.policy !== 'deny'
  const first = useRef(true)
  useEffect(() => {
    const next = known && live
    cancel(next)
    if (!next) return
    const timer = setTimeout(generate, first.current ? 0 : 120)
    first.current = false
    return () => clearTimeout(timer)
  }, [key, known, live, backend])

  const change = (part: Partial<RunSettings>) => set(writeRun({ ...wanted, first: 0, ...part }), 'replace')
  const roll = () => change({ seed: randomSeed() })
  const [original, setOriginal] = useState<Record<string, unknown>>()
  const restore = useRestore((image) => {
    const restored = runOfImage(image, engine.models, wanted.count)
    setOriginal(image)
    setSelected(Number(image.index ?? 0) - restored.first)
    set(writeRun(restored), 'push')
  })

  const made = state.pictures.filter((picture): picture is Picture => picture !== undefined)
  const current = shownAt(state, selected) ?? made[0]
  const off = original && current && differences(original, current.settings)
  const save = () => current && download(current.png, pictureName(current))
  const saveAll = async () => {
    if (made.length) download(await zipPictures(made), `${runName(made[0]!)}.zip`)
  }
  const search = () => document.querySelector<HTMLInputElement>('.class-picker input')?.focus()
  const byNumber = samplingChoices(model, { flow: true }).map((choice, i) => [
    String(i + 1),
    () => change({ steps: choice.key }),
  ])
  useKeys({
    Enter: generate,
    Escape: () => cancel(),
    r: roll,
    d: save,
    z: saveAll,
    '/': search,
    '?': () => setHelp(true),
    ...Object.fromEntries(byNumber),
  })

  return (
    <div class="view generate">
      <header class="view-head">
        <h1>Generate</h1>
        <p class="lead">Choose what to draw. The model turns noise into the picture, in as few steps as you like.</p>
      </header>
      <div class="bench">
        <SettingsPanel
          {...{ model, classes, run: wanted, live, setLive, change, roll, generate, restore }}
          entry={entry}
          running={state.status === 'running'}
          times={Object.fromEntries(
            samplingChoices(model, { flow: true }).map(({ key }) => [key, times[timeKey(key)]]),
          )}
          cancel={() => cancel()}
          onHelp={() => setHelp(true)}
        />
        <section class="stack stage" aria-label="Pictures">
          <Fault error={restore.fault} />
          <Fault error={state.fault} again={generate} />
          <Readout state={state} model={model} />
          <PictureGrid state={state} count={wanted.count} selected={selected} onSelect={setSelected} />
          {off && (
            <p class="note" role="status">
              This is not exactly the original picture, which was made with {off}. <code>distilled sample --like</code>{' '}
              makes that one again.
            </p>
          )}
          {current && (
            <Details
              picture={current}
              entry={classes.find(({ id }) => id === current.class)}
              onDownload={save}
              onZip={made.length > 1 ? saveAll : undefined}
            />
          )}
        </section>
      </div>
      <HistoryStrip history={history} onChoose={(kept) => set({ ...cleared, ...kept }, 'push')} />
      <DropVeil shown={restore.dragging} />
      <KeysDialog open={help} onClose={() => setHelp(false)} model={model} />
    </div>
  )
}

/** A run from the history replaces all settings. */
const cleared = { first: undefined, ...writeTeacher() }
