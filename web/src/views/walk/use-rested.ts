// A setting that changes faster than browsers allow the address to change: it is state here, is written to the address when it
// rests, and follows the address when Back changes it.
import { useEffect, useRef, useState } from 'preact/hooks'

/** Milliseconds without a change after which it rests. */
const rest = 250

/**
 * @param addressed the value in the address
 * @param write puts a value into the address
 * @param held true delays writing, for example while something plays
 */
export function useRested<T extends string | number | undefined>(
  addressed: T,
  write: (value: T) => void,
  held = false,
): [T, (value: T) => void] {
  const [value, setValue] = useState(addressed)
  const told = useRef(addressed)
  useEffect(() => {
    if (held || value === told.current) return
    const timer = setTimeout(() => {
      told.current = value
      write(value)
    }, rest)
    return () => clearTimeout(timer)
  }, [value, held])
  useEffect(() => {
    if (addressed === told.current) return
    told.current = addressed
    setValue(() => addressed)
  }, [addressed])
  return [value, (next) => setValue(() => next)]
}

/** Runs when another model, with other groups, is chosen; not for the first model. */
export function useModelChange(model: string, changed: () => void): void {
  const last = useRef(model)
  useEffect(() => {
    if (last.current === model) return
    last.current = model
    changed()
  }, [model])
}
