// The view is on its way.
import type { ViewProps } from '../props.ts'

export default function Walk({ model }: ViewProps) {
  return <p class="quiet">Walk, with {model.id}.</p>
}
