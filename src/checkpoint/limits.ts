// Bounds that keep a hostile file below 1 s and 200 MB, each far above what real checkpoints need.

const MiB = 2 ** 20

/** A FID statistics file holds its 2048 x 2048 float64 covariance as text inside the pickle: about 50 MiB. */
export const maxPickleBytes = 64 * MiB
/** About 25 opcodes a tensor; the largest teacher with its optimiser has 2,000 tensors. */
export const maxPickleOpcodes = 250_000
/** Python integers longer than this do not occur; the magic number of the legacy format has 10 bytes. */
export const maxIntegerBytes = 256
/** Values in the tree once shared ones are counted at every place they appear. */
export const maxTreeValues = 100_000
export const maxTreeDepth = 128
export const maxDimensions = 64
/** Zip entries, legacy storages: a 4 GB checkpoint has about 1,000. */
export const maxEntries = 20_000
export const maxDirectoryBytes = 8 * MiB
/** The safetensors specification allows 100 MB, which would be about a million tensors. */
export const maxSafetensorsHeaderBytes = 32 * MiB
export const maxSafetensorsTensors = 50_000
/** numpy's own bound, unless told otherwise. */
export const maxNpyHeaderBytes = 10_000
/** A compressed array is inflated as a whole when read. */
export const maxInflatedBytes = 1024 * MiB
/** What a copied dict or set member costs of the allowance that maxPickleBytes also is. */
export const bytesPerMember = 64
/** An expanded tensor (stride 0) may hold more elements than its storage, up to this many bytes. */
export const maxExpandedBytes = 16 * MiB
