// A progress bar with a label; without a value it only shows that work is in progress.

export interface ProgressProps {
  /** The label, such as "3 of 8". */
  label: string
  /** 0 to 1; left out when unknown. */
  value?: number | undefined
}

export function Progress({ label, value }: ProgressProps) {
  const percent = value === undefined ? undefined : Math.round(100 * Math.min(1, Math.max(0, value)))
  return (
    <div class="progress">
      <div
        class={percent === undefined ? 'meter unknown' : 'meter'}
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <div style={{ width: `${percent ?? 30}%` }} />
      </div>
      <p class="hint">{label}</p>
    </div>
  )
}
