// The choice between the two engines, in the head of the page.
import type { Engine } from '../state/engine.ts'

export function EngineSwitch({ engine }: { engine: Engine }) {
  return (
    <fieldset class="segments engine-switch">
      <legend class="sr-only">Where pictures are made</legend>
      {(['server', 'page'] as const).map((kind) => (
        <label key={kind} class="segment">
          <input
            type="radio"
            name="engine"
            value={kind}
            checked={engine.kind === kind}
            onChange={() => engine.choose(kind)}
          />
          <span>{kind === 'server' ? 'Server' : 'In this page'}</span>
        </label>
      ))}
    </fieldset>
  )
}
