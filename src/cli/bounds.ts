// What a number of the command line, or of the settings that an image carries, may be at most, with the reason. Everything beyond
// would fill the memory or run for years; the error names the range.

type Range = readonly [low: number, high: number]

/** Images of a run without --labels: each leaves a row of a few hundred bytes in the result. */
export const mostImages = 1_000_000

export const bounds = {
  /** Exact as a float64. */
  seed: [0, Number.MAX_SAFE_INTEGER],
  /** Two hundred times what an FID takes. */
  count: [1, 10_000_000],
  chunk: [1, 1_000_000],
  /** Images computed together: 4096 of VAR-d16 take a machine's memory already. */
  batch: [1, 4096],
  threads: [1, 1024],
  /** Groups of tokens: a released model has at most 256, and one of 1024 pixels would have 4096. */
  group: [0, 4096],
  steps: [1, 4096],
  /** The flow map is exact to float32 long before. */
  odeSteps: [2, 10_000],
  guidance: [0, 1000],
  /** Tokens, -1 for all. */
  guided: [-1, 1_000_000],
  /** Entries of a codebook. */
  topK: [0, 1_000_000],
  share: [0, 1],
  temperature: [0, 1000],
  gridColumns: [1, 400],
  repeat: [1, 1000],
} as const satisfies Record<string, Range>
