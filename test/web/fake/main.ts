// One view at a time in a page of its own, with the fake studio behind it. `globalThis.fake` is what tests turn.
import '../../../web/src/styles/tokens.css'
import '../../../web/src/styles/base.css'
import '../../../web/src/styles/controls.css'
import '../../../web/src/styles/frame.css'
import { type ComponentType, render } from 'preact'
import { usePlace } from '../../../web/src/state/place.ts'
import { applyTheme } from '../../../web/src/state/preferences.ts'
import type { ViewProps } from '../../../web/src/views/props.ts'
import SameNoise from '../../../web/src/views/same-noise/index.tsx'
import Trajectory from '../../../web/src/views/trajectory/index.tsx'
import Walk from '../../../web/src/views/walk/index.tsx'
import { fakeModels } from '../fake-models.ts'
import { type FakeControls, fakeStudio } from '../fake-studio.ts'

/** What the fake is from its first ask on. */
const { fakeSetup = {} } = globalThis as { fakeSetup?: Partial<FakeControls> }
const controls: FakeControls = { delay: 2, ahead: 0, asks: [], finished: 0, aborted: 0, ...fakeSetup }
Object.assign(globalThis, { fake: controls })
applyTheme()

const studio = fakeStudio(controls)
const views: Record<string, ComponentType<ViewProps>> = { 'same-noise': SameNoise, walk: Walk, trajectory: Trajectory }

function Page() {
  const { view, settings, set } = usePlace()
  const View = views[view]
  const model = fakeModels.find(({ id }) => id === settings.model) ?? fakeModels[0]!
  return (
    <div class="frame">
      <nav>
        <a href="#/generate">Elsewhere</a>
      </nav>
      <main id="main">{View ? <View {...{ studio, model, settings, set, ready: true }} /> : <p>Elsewhere</p>}</main>
    </div>
  )
}

render(<Page />, document.getElementById('app')!)
