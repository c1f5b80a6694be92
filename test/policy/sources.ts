// The repository as the policy tests see it: its files, and who imports whom.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { root } from './child.ts'

/** Every file that git tracks or would track, relative to the root, with forward slashes. */
export function repositoryFiles(): string[] {
  const isFile = (name: string) => statSync(join(root, name), { throwIfNoEntry: false })?.isFile() ?? false
  return [...new Set(listed())].filter((name) => name && isFile(name))
}

function listed(): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  if (status === 0) return stdout.split('\0')
  const ignored = /(^|\/)(node_modules|dist|samples|coverage|\.git|\.cache)\/|\.(tmp|tgz)(\/|$)/
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }) // an archive without its history
  return names.map((name) => name.split(sep).join('/')).filter((name) => !ignored.test(name))
}

export const read = (file: string): string => readFileSync(join(root, file), 'utf8')

export const isCode = (file: string): boolean => /\.(ts|tsx|js)$/.test(file)
export const isTest = (file: string): boolean => /\.test\.ts$/.test(file) || file.startsWith('test/')

/** Code of the package itself, without the tests beside it. */
export const sourceFiles = (): string[] =>
  repositoryFiles().filter((file) => file.startsWith('src/') && isCode(file) && !isTest(file))

export interface Import {
  /** A path from the root for relative imports, else the specifier itself: `node:fs`, `sharp`. */
  target: string
  typeOnly: boolean
}

const pattern =
  /^\s*(?:import|export)\s+(type\s)?(?:[\w*{][^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm

/** What a file imports; type imports, re-exports and dynamic imports with a literal path included. */
export function importsOf(file: string): Import[] {
  return [...read(file).matchAll(pattern)].map((match) => {
    const specifier = (match[2] ?? match[3])!
    const target = specifier.startsWith('.')
      ? relative(root, join(root, dirname(file), specifier))
          .split(sep)
          .join('/')
      : specifier
    return { target, typeOnly: match[1] !== undefined }
  })
}

/** `@scope/name/sub` -> `@scope/name`. */
export const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
