// The package's version, for the commands that write it down.
export { version } from '../library/version.ts'
