// The view is on its way.
import type { ViewProps } from '../props.ts'

export default function Report({ model }: ViewProps) {
  return <p class="quiet">Report, with {model.id}.</p>
}
