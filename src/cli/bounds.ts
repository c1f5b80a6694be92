// What a number of the command line may be at most, with the reason; the options of sampling have their bounds in
// sampling/plan-options.ts. Everything beyond would fill the memory or run for years; the error names the range.

type Range = readonly [low: number, high: number]

export const bounds = {
  /** Exact as a float64. */
  seed: [0, Number.MAX_SAFE_INTEGER],
  /** Two hundred times what an FID takes. */
  count: [1, 10_000_000],
  chunk: [1, 1_000_000],
  /** Images computed together: 4096 of VAR-d16 take a machine's memory already. */
  batch: [1, 4096],
  threads: [1, 1024],
  gridColumns: [1, 400],
  repeat: [1, 1000],
} as const satisfies Record<string, Range>
