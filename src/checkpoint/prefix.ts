// Prefixes that wrappers put before every name of a state dict: DataParallel and DDP `module.`, torch.compile `_orig_mod.`, FSDP its own,
// and training programs the attribute that holds the network. A prefix counts only when every key of the dict has it.
import type { Key } from './types.ts'

const wrappers = [
  'module.',
  '_orig_mod.',
  '_fsdp_wrapped_module.',
  '_checkpoint_wrapped_module.',
  'model.',
  'student.',
  'net.',
  'network.',
  'generator.',
  'ema_model.',
  'teacher.',
  'vae.',
  'vqvae.',
  'tokenizer.',
  'var.',
  'gpt.',
]

/**
 * The prefix, of one or several wrappers in any order, that all of `keys` have; '' when one has none.
 * @example
 * commonPrefix(['_orig_mod.module.head.weight', '_orig_mod.module.head.bias']) // '_orig_mod.module.'
 */
export function commonPrefix(keys: readonly Key[]): string {
  const [first] = keys
  if (typeof first !== 'string') return ''
  let prefix = ''
  for (;;) {
    const next = wrappers.find((wrapper) => first.startsWith(wrapper, prefix.length))
    const longer = prefix + next
    const isCommon = next && keys.every((key) => typeof key === 'string' && key.startsWith(longer) && key !== longer)
    if (!isCommon) return prefix
    prefix = longer
  }
}
