// The frame: name, navigation, model and engine around one view at a time. Views are loaded when they are first opened.
import type { ComponentType } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { linkTo, type ViewName, viewNames } from './router.ts'
import { EngineContext } from './state/context.ts'
import { type Engine, useEngine } from './state/engine.ts'
import { usePlace } from './state/place.ts'
import { Fault } from './ui/fault.tsx'
import { FrameFoot, FrameHead } from './ui/frame.tsx'
import { OpenModel } from './ui/open-model.tsx'
import { useClasses } from './ui/use-classes.ts'
import type { ViewProps } from './views/props.ts'

interface View {
  title: string
  /** Also shown before the model is ready. */
  early?: true
  load(): Promise<{ default: ComponentType<ViewProps> }>
}

const views: Record<ViewName, View> = {
  generate: { title: 'Generate', load: () => import('./views/generate/index.tsx') },
  'same-noise': { title: 'Same noise', load: () => import('./views/same-noise/index.tsx') },
  walk: { title: 'Noise walk', load: () => import('./views/walk/index.tsx') },
  trajectory: { title: 'Trajectory', load: () => import('./views/trajectory/index.tsx') },
  explain: { title: 'Explain', early: true, load: () => import('./views/explain/index.tsx') },
  report: { title: 'Report', early: true, load: () => import('./views/report/index.tsx') },
}

export function App() {
  const { view, settings, set } = usePlace()
  const engine = useEngine(settings.model)
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  const { title } = views[view]
  useEffect(() => {
    document.title = `${title} · Distilled Decoding`
    if (!first.current) main.current?.focus({ preventScroll: true })
    first.current = false
  }, [view])
  const links = viewNames.map((name) => ({
    ...{ name, title: views[name].title, href: linkTo(name, settings), current: name === view },
  }))
  return (
    <EngineContext.Provider value={engine}>
      <div class="frame">
        <FrameHead links={links} engine={engine} onModel={(model) => set({ model, class: undefined }, 'push')} />
        <main id="main" ref={main} tabIndex={-1}>
          <StandIn wanted={settings.model} engine={engine} />
          <Body name={view} engine={engine} settings={settings} set={set} />
        </main>
        <FrameFoot engine={engine} />
      </div>
    </EngineContext.Provider>
  )
}

/** An address may name a model that this engine does not have; the page then says which one it uses instead. */
function StandIn({ wanted, engine: { model } }: { wanted: string | undefined; engine: Engine }) {
  if (wanted === undefined || !model || model.id === wanted) return null
  return (
    <p class="note notice" role="status">
      {wanted} is not here; this is {model.id}.
    </p>
  )
}

interface BodyProps extends Pick<ViewProps, 'settings' | 'set'> {
  name: ViewName
  engine: Engine
}

function Body({ name, engine, settings, set }: BodyProps) {
  const { backend, model, status } = engine
  const { early, title } = views[name]
  const ready = status === 'ready'
  const { classes, fault, retry } = useClasses(backend, ready ? model?.id : undefined)
  if (!model && status !== 'fault') return <p class="quiet">Looking for models ...</p>
  if (!model || (!ready && !early))
    return (
      <div class="view">
        <h1>{title}</h1>
        {status === 'fault' ? <Fault error={engine.fault} again={engine.retry} /> : <OpenModel engine={engine} />}
      </div>
    )
  return (
    <>
      {fault !== undefined && (
        <div class="notice">
          <Fault error={fault} again={retry} />
        </div>
      )}
      <LazyView key={name} name={name} props={{ backend, model, classes, settings, set, ready }} />
    </>
  )
}

const loaded = new Map<ViewName, ComponentType<ViewProps>>()

function LazyView({ name, props }: { name: ViewName; props: ViewProps }) {
  const [fault, setFault] = useState<unknown>()
  const [, setRound] = useState(0)
  const fetchView = () => {
    setFault(undefined)
    views[name].load().then(({ default: component }) => {
      loaded.set(name, component)
      setRound((n) => n + 1)
    }, setFault)
  }
  useEffect(() => {
    if (!loaded.has(name)) fetchView()
  }, [name])
  const View = loaded.get(name)
  if (fault) return <Fault error={fault} again={fetchView} />
  return View ? <View {...props} /> : null
}
