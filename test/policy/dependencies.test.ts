// Dependencies, optional and peer ones included: exactly those that are imported, locked so that `npm ci` works on every platform
// and every supported Node, from the public registry.
import { expect, it } from 'vitest'
import { missingPackages } from '../../scripts/setup.js'
import { importsOf, packageOf, read, sourceFiles } from './sources.ts'

interface LockEntry {
  version?: string
  resolved?: string
  dev?: boolean
  engines?: { node?: string }
  optionalDependencies?: Record<string, string>
}

const manifest = JSON.parse(read('package.json'))
const lock: Record<string, LockEntry> = JSON.parse(read('package-lock.json')).packages
const entries = Object.entries(lock).filter(([path]) => path)

it('dependencies are exactly what src/ imports', () => {
  const imported = sourceFiles()
    .flatMap(importsOf)
    .map(({ target }) => target)
    .filter((target) => !target.startsWith('src/') && !target.startsWith('node:'))
  const { dependencies, optionalDependencies, peerDependencies } = manifest
  const named = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
  expect(named.sort()).toEqual([...new Set(imported.map(packageOf))].sort())
})

it('package.json and package-lock.json agree', () => {
  const { name, version, dependencies, devDependencies, optionalDependencies, engines, bin } = manifest
  const { peerDependencies, peerDependenciesMeta } = manifest
  expect(lock['']).toMatchObject({ name, version, dependencies, devDependencies, optionalDependencies, engines, bin })
  expect(lock['']).toMatchObject({ peerDependencies, peerDependenciesMeta })
})

// npm leaves entries out when a registry does not carry them, and then refuses its own lock file.
it('the lock file names every platform’s packages', () => {
  const missing = entries.flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !lock[`${path}/node_modules/${name}`] && !lock[`node_modules/${name}`],
    ),
  )
  expect(missing).toEqual([])
})

it('packages come from the public registry', () => {
  const elsewhere = entries.filter(
    ([, { resolved }]) => resolved && !resolved.startsWith('https://registry.npmjs.org/'),
  )
  expect(elsewhere).toEqual([])
})

it('no package asks for a newer Node than this one does', () => {
  const [major, minor] = manifest.engines.node.match(/\d+/g).map(Number)
  const accepts = (range: string) =>
    range.split('||').some((part) => {
      const bound = part.match(/(\^|>=?|~)?\s*v?(\d+)(?:\.(\d+))?/)
      if (!bound) return true
      const from = Number(bound[2])
      const minorFrom = Number(bound[3] ?? 0)
      return from === major ? minorFrom <= minor : from < major && bound[1]?.startsWith('>')
    })
  const wanting = entries.filter(([, { engines }]) => engines?.node && !accepts(engines.node))
  expect(wanting.map(([path, { engines }]) => `${path}: ${engines?.node}`)).toEqual([])
})

it('what is installed is what the lock file says', () => {
  expect(missingPackages()).toEqual([])
})
