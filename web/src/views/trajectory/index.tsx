// The view is on its way.
import type { ViewProps } from '../props.ts'

export default function Trajectory({ model }: ViewProps) {
  return <p class="quiet">Trajectory, with {model.id}.</p>
}
