// The props of every view: the backend, the model, and the settings in the address. A view is a folder whose index.tsx has a
// component with these props as its default export.

import type { Backend, ClassEntry, ModelInfo } from '../backend/types.ts'
import type { Changes, Settings } from '../router.ts'

export interface ViewProps {
  backend: Backend
  model: ModelInfo
  /** The model's classes, in the order of their ids; empty until they have arrived. */
  classes: readonly ClassEntry[]
  /** The settings in the address; views read `class`, `seed` and their own. */
  settings: Settings
  /** Writes settings into the address: 'replace' (default) while dragging or typing, 'push' for changes that Back undoes. */
  set(changes: Changes, how?: 'replace' | 'push'): void
  /** Whether the model is ready. Only `explain` and `report` are shown while it is false. */
  ready: boolean
}
