// Commands that messages recommend are copied into a shell, and names in them come from files: each word is quoted where a
// POSIX shell would read more into it than its characters.

/**
 * A word as a POSIX shell takes it back.
 * @example
 * quoteForShell('my run') // "'my run'"
 */
export const quoteForShell = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/**
 * A command line of words and flags; a flag of `true` stands alone, one of undefined or false is left out.
 * @param words the program, its command, and paths, which may begin with a dash
 * @example
 * shellCommand(['distilled', 'sample', 'merge', '-my run'], { out: 'all' }) // "distilled sample merge './-my run' --out all"
 */
export function shellCommand(
  words: readonly string[],
  flags: Readonly<Record<string, string | number | boolean | undefined>> = {},
): string {
  const parts = words.map((word) => quoteForShell(word.startsWith('-') ? `./${word}` : word))
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || value === false) continue
    parts.push(value === true ? `--${name}` : `--${name} ${quoteForShell(String(value))}`)
  }
  return parts.join(' ')
}
