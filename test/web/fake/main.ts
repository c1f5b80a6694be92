// One view at a time in a page of its own, with the fake backend behind it. `globalThis.fake` is what tests turn.
/// <reference types="vite/client" />
import '../../../web/src/styles/tokens.css'
import '../../../web/src/styles/base.css'
import '../../../web/src/styles/controls.css'
import '../../../web/src/styles/frame.css'
import { type ComponentType, h, render } from 'preact'
import { usePlace } from '../../../web/src/state/place.ts'
import { applyTheme } from '../../../web/src/state/preferences.ts'
import { useClasses } from '../../../web/src/ui/use-classes.ts'
import type { ViewProps } from '../../../web/src/views/props.ts'
import { type FakeControls, fakeBackend } from '../fake-backend.ts'
import { fakeModels } from '../fake-models.ts'

/** What the fake is from its first ask on. */
const { fakeSetup = {} } = globalThis as { fakeSetup?: Partial<FakeControls> }
const controls: FakeControls = { delay: 2, ahead: 0, asks: [], finished: 0, aborted: 0, ...fakeSetup }
Object.assign(globalThis, { fake: controls })
applyTheme()

const backend = fakeBackend(controls)
const views = import.meta.glob<{ default: ComponentType<ViewProps> }>(
  '../../../web/src/views/{same-noise,walk,trajectory}/index.tsx',
  { eager: true },
)

function Page() {
  const { view, settings, set } = usePlace()
  const View = views[`../../../web/src/views/${view}/index.tsx`]?.default
  const model = fakeModels.find(({ id }) => id === settings.model) ?? fakeModels[0]!
  const { classes } = useClasses(backend, model.id)
  const shown = View ? h(View, { backend, model, classes, settings, set, ready: true }) : 'Elsewhere'
  return h('div', { class: 'frame' }, [
    h('nav', null, h('a', { href: '#/generate' }, 'Elsewhere')),
    h('main', { id: 'main' }, shown),
  ])
}

render(h(Page, null), document.getElementById('app')!)
