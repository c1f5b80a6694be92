// The view is on its way.
import type { ViewProps } from '../props.ts'

export default function SameNoise({ model }: ViewProps) {
  return <p class="quiet">SameNoise, with {model.id}.</p>
}
