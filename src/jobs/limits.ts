// How large a job may be. A manifest can come from anybody, so it is checked against these bounds before anything is computed
// from it: otherwise a few bytes could cost hours or gigabytes.

/** The largest known use is 1.28 million pairs; labels of all units may be held in memory. */
export const mostUnits = 10_000_000
/** All in one folder, each hashed when it is merged; the defaults make 1,250 of 1.28 million pairs. */
export const mostFiles = 100_000
/** Some 200 bytes for each of `mostFiles`. */
export const mostManifestBytes = 32 * 2 ** 20
/** The content of one file has to fit into memory. */
export const mostFileBytes = 2 ** 40
/** Jobs have about 30 settings. */
export const mostSettings = 100
export const longestKey = 100
/** Names of files and models, hashes. */
export const longestText = 300
/** A list of all timesteps of a sequence of 1,024 tokens. */
export const longestList = 5000
/** The released models end at 512 pixels. */
export const largestImage = 4096
export const mostClasses = 100_000
/** Far below the largest int32; the released codebooks have 16,384. */
export const mostEntries = 2 ** 20
export const longestSequence = 2 ** 20
export const mostChannels = 2 ** 16
export const mostOdeSteps = 10_000
