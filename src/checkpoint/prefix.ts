// Prefixes that wrappers put before every name of a state dict: DataParallel and DDP `module.`, torch.compile `_orig_mod.`, FSDP its own,
// and training programs the attribute that holds the network. A prefix counts only when every key of the dict has it.
import { maxNameCharacters } from './limits.ts'
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
  const prefixes = ['']
  for (let prefix = ''; ; prefixes.push(prefix)) {
    const next = wrappers.find((wrapper) => first.startsWith(wrapper, prefix.length))
    if (next === undefined || prefix.length + next.length > maxNameCharacters) break
    prefix += next
  }
  // The longest one so far only shrinks, so every key is looked at about once.
  const has = (key: Key, prefix: string) => typeof key === 'string' && key.startsWith(prefix) && key !== prefix
  for (const key of keys) while (prefixes.length > 1 && !has(key, prefixes.at(-1)!)) prefixes.pop()
  return prefixes.at(-1)!
}
