// The view is on its way.
import type { ViewProps } from '../props.ts'

export default function Explain({ model }: ViewProps) {
  return <p class="quiet">Explain, with {model.id}.</p>
}
