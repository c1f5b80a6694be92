// The package's version, read from its package.json, which lies above src/ and dist/ alike.
import { readFileSync } from 'node:fs'

export const version = (): string =>
  JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version
