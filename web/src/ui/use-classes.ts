// The classes of a model, as state.
import { useEffect, useState } from 'preact/hooks'
import type { ClassEntry, Studio } from '../studio/types.ts'

/** The classes, in the order of their ids; an empty list until they are there. */
export function useClasses(studio: Studio, model: string): readonly ClassEntry[] {
  const [found, setFound] = useState<{ model: string; classes: readonly ClassEntry[] }>({ model: '', classes: [] })
  useEffect(() => {
    let left = false
    studio.classes(model).then(
      (classes) => left || setFound({ model, classes }),
      () => {},
    )
    return () => {
      left = true
    }
  }, [studio, model])
  return found.model === model ? found.classes : []
}
