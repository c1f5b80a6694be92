// The view is on its way.
import type { ViewProps } from '../props.ts'

export default function Generate({ model }: ViewProps) {
  return <p class="quiet">Generate, with {model.id}.</p>
}
