// One stop of the page: its number, a heading, some sentences, and next to them an interactive figure.
import type { ComponentChildren } from 'preact'

export interface StopProps {
  number: number
  title: string
  figure?: ComponentChildren
  /** Sentences. */
  children: ComponentChildren
}

export function Stop({ number, title, figure, children }: StopProps) {
  const id = `explain-${number}`
  return (
    <section class="explain-stop" aria-labelledby={id}>
      <div class="explain-words">
        <span class="explain-number" aria-hidden="true">
          {number}
        </span>
        <h2 id={id}>{title}</h2>
        {children}
      </div>
      {figure && <div class="card explain-figure">{figure}</div>}
    </section>
  )
}

export interface FamilyChoiceProps {
  value: 'var' | 'llamagen'
  onChange(family: 'var' | 'llamagen'): void
  /** Radio buttons of one page need different names. */
  name: string
}

export function FamilyChoice({ value, onChange, name }: FamilyChoiceProps) {
  const families = [
    ['var', 'VAR: by scale'],
    ['llamagen', 'LlamaGen: by row'],
  ] as const
  return (
    <fieldset class="segments explain-families">
      <legend class="sr-only">Family of the recorded picture</legend>
      {families.map(([key, title]) => (
        <label key={key} class="segment">
          <input type="radio" name={name} checked={key === value} onChange={() => onChange(key)} />
          <span>{title}</span>
        </label>
      ))}
    </fieldset>
  )
}
