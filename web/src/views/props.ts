// What every view is given: who makes the pictures, with which model, and the settings in the address. A view is a folder whose
// index.tsx has a component of these props as its default export.

import type { Backend, ClassEntry, ModelInfo } from '../backend/types.ts'
import type { Changes, Settings } from '../router.ts'

export interface ViewProps {
  backend: Backend
  model: ModelInfo
  /** Those of the model, in the order of their ids; empty until they are there. */
  classes: readonly ClassEntry[]
  /** Those of the address; views read `class`, `seed` and their own. */
  settings: Settings
  /** Writes settings into the address: 'replace' (default) while something is dragged or typed, 'push' for what Back undoes. */
  set(changes: Changes, how?: 'replace' | 'push'): void
  /** Whether the model can be asked now. Only `explain` and `report` are ever shown while it is false. */
  ready: boolean
}
