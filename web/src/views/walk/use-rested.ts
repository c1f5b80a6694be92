// A setting that moves faster than an address may be written (browsers count): it is state here, goes into the address when it
// has come to rest, and follows the address when Back changes that.
import { useEffect, useRef, useState } from 'preact/hooks'

/** Milliseconds without a change that are rest. */
const rest = 250

/**
 * @param addressed what the address says
 * @param write puts a value into the address
 * @param held true keeps the address as it is, such as while something plays
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

/** Runs when another model is chosen, whose groups are others; not for the first one. */
export function useModelChange(model: string, changed: () => void): void {
  const last = useRef(model)
  useEffect(() => {
    if (last.current === model) return
    last.current = model
    changed()
  }, [model])
}
