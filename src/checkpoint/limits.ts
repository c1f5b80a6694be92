// Bounds that keep a hostile file below 1 s and 200 MB, each far above what real checkpoints need.

const MiB = 2 ** 20

/** A FID statistics file holds its 2048 x 2048 float64 covariance as text inside the pickle: about 50 MiB. */
export const maxPickleBytes = 64 * MiB
/** In all pickles of a file: about 25 opcodes a tensor; the largest teacher with its optimiser has 2,000 tensors. */
export const maxPickleOpcodes = 250_000
/** Python integers longer than this do not occur; the magic number of the legacy format has 10 bytes. */
export const maxIntegerBytes = 256
/** Decimal digits of integers in protocol 0: random states have 39; reading takes time in their square. */
export const maxIntegerDigits = 160
/** What all pickles of a file may build in memory, by the estimates of `builtBytes`; the text of FID statistics makes 32 MiB of bytes. */
export const maxBuiltBytes = 64 * MiB
/** Bytes that values take in memory, measured with Node 20 and rounded up; every value that is built spends its own. */
export const builtBytes = {
  /** An empty dict or set, and a key with its value. */
  dict: 256,
  member: 64,
  /** An empty list or tuple, and a place in it. */
  list: 64,
  item: 16,
  tensor: 512,
  /** A view of bytes, a dtype, a stand-in. */
  object: 256,
  /** A text or a long integer, without its bytes. */
  value: 32,
  /** A character of text with escapes in protocol 0, which torch.save does not write: mostly time. */
  escape: 16,
  /** A name that is held against the forbidden ones: mostly time. */
  name: 1024,
} as const
/** Text longer than this stays as bytes: it is the content of an array, neither a name nor a setting. */
export const maxTextBytes = MiB
/** Names of tensors, keys of dicts, names of classes: the longest seen in a checkpoint has 120 characters. */
export const maxNameCharacters = 1024
/** Words between the dots of a class's name, its module's included. */
export const maxNameWords = 32
/** Numbers among the keys of one dict; further ones become text, because engines hash text with a secret and numbers without. */
export const maxNumberKeys = 2000
/** Keys joined on the way to a dict; a dict that lies deeper is not listed as a state dict. */
export const maxPathCharacters = 2048
/** Different names listed as not read. */
export const maxNotRead = 200
/**
 * Values in the tree once shared ones are counted at every place they appear, tensors as three and as one more for each axis
 * beyond the fourth; histories of losses are long lists.
 */
export const maxTreeValues = 200_000
export const maxTreeDepth = 128
export const maxDimensions = 64
/** Zip entries, legacy storages: a 4 GB checkpoint has about 1,000. */
export const maxEntries = 20_000
export const maxDirectoryBytes = 8 * MiB
/** The safetensors specification allows 100 MB, which would be about a million tensors; 50,000 take 6 MB. */
export const maxSafetensorsHeaderBytes = 16 * MiB
export const maxSafetensorsTensors = 50_000
/** np.savez of a network has about as many arrays as the network tensors; the start of every one is read. */
export const maxNpzEntries = 3000
/** The start of a deflated one is inflated, which takes about 0.3 ms each. */
export const maxDeflatedNpzEntries = 1500
/** Training programs write some hundred. */
export const maxMetadataKeys = 10_000
/** numpy's own bound, unless told otherwise. */
export const maxNpyHeaderBytes = 10_000
/** A compressed array is inflated as a whole when read. */
export const maxInflatedBytes = 1024 * MiB
/** An array packed more than 16 to 1, as images and weights are not, is inflated up to this size. */
export const maxInflatedTightly = 64 * MiB
/** An expanded tensor (stride 0) may hold more elements than its storage, up to this many bytes. */
export const maxExpandedBytes = 16 * MiB
