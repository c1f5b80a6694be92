// Rooms have an order: a file imports only from rooms above its own. What needs Node lies in a `node` folder or in a room for
// Node alone. To change the architecture, change the tables here.
import { expect, it } from 'vitest'
import { importsOf, packageOf, read, sourceFiles } from './sources.ts'

/** Each room with the rooms, or single files of them, that it may import from; top room first. */
const rooms: Record<string, readonly string[]> = {
  core: [],
  files: ['core'],
  charts: ['core'],
  http: ['core'],
  checkpoint: ['core'],
  graph: ['core', 'checkpoint/types.ts'],
  engine: ['core', 'files', 'graph'],
  models: ['core', 'checkpoint', 'graph'],
  zoo: ['core', 'files', 'models'],
  sampling: ['core', 'graph', 'engine/types.ts', 'models'],
  images: ['core', 'files'],
  data: ['core', 'images'],
  jobs: ['core', 'files'],
  evaluate: [
    'core',
    'files',
    'checkpoint',
    'graph',
    'engine/types.ts',
    'engine/node/engine.ts',
    'models',
    'zoo',
    'sampling',
    'images',
    'data',
    'jobs',
  ],
  report: ['core', 'files', 'charts', 'zoo', 'images', 'evaluate'],
  distill: [
    'core',
    'files',
    'charts',
    'checkpoint',
    'graph',
    'engine',
    'models',
    'zoo',
    'sampling',
    'images',
    'data',
    'jobs',
    'evaluate',
  ],
  library: [
    'core',
    'files',
    'checkpoint',
    'graph',
    'engine',
    'models',
    'zoo',
    'sampling',
    'images',
    'jobs',
    'evaluate',
  ],
  export: ['core', 'files', 'checkpoint', 'graph', 'engine', 'models', 'zoo', 'sampling', 'images', 'library'],
  web: ['core', 'checkpoint', 'engine', 'models', 'zoo', 'sampling', 'images', 'library'],
  bench: [
    'core',
    'files',
    'checkpoint',
    'graph',
    'engine',
    'models',
    'zoo',
    'sampling',
    'images',
    'data',
    'evaluate',
    'distill',
    'library',
  ],
  review: ['core', 'files', 'engine/types.ts', 'models', 'zoo', 'sampling', 'images', 'jobs', 'library'],
  server: ['core', 'files', 'http', 'review', 'engine/types.ts', 'models', 'zoo', 'sampling', 'images', 'library'],
  cli: [
    'core',
    'files',
    'checkpoint',
    'graph',
    'engine',
    'models',
    'zoo',
    'sampling',
    'images',
    'data',
    'jobs',
    'evaluate',
    'http',
    'report',
    'distill',
    'library',
    'export',
    'web/self-test.ts',
    'bench',
    'review',
    'server',
  ],
  'index.ts': ['core', 'checkpoint', 'graph', 'engine', 'models', 'zoo', 'sampling', 'images', 'library', 'export'],
}

/** Rooms that need Node as a whole. Elsewhere, what needs Node lies in a folder called `node`; the rest runs in a browser, too. */
const nodeRooms = ['files', 'http', 'distill', 'export', 'bench', 'server', 'cli']
/** Entries of the package for Node. */
const nodeEntries = ['index.ts', 'library/evaluation']

/** Packages, and the places that may import them. */
const packages: Record<string, readonly string[]> = {
  '@bufbuild/protobuf': ['graph'],
  'onnxruntime-node': ['engine'],
  'onnxruntime-common': ['engine'],
  'onnxruntime-web': ['engine/web-runtime.ts'],
  sharp: ['images', 'data'],
  commander: ['cli'],
  '@bomb.sh/tab': ['cli'],
  valibot: [
    'core/schemas.ts',
    'sampling',
    'cli',
    'zoo',
    'library',
    'models',
    'distill',
    'jobs',
    'evaluate',
    'review',
    'server',
  ],
  hono: ['server'],
  '@hono/node-server': ['server'],
  '@valibot/to-json-schema': ['server'],
  preact: ['charts', 'report', 'distill'],
  'preact-render-to-string': ['charts', 'server'],
  koffi: ['distill'],
}

const inside = (file: string, places: readonly string[]): boolean =>
  places.some((place) => file === place || file.startsWith(place.endsWith('/') ? place : `${place}/`))

const files = sourceFiles().map((file) => file.slice('src/'.length))
const roomOf = (file: string) => file.split('/')[0]!
const edges = files.flatMap((file) => importsOf(`src/${file}`).map((edge) => ({ file, ...edge })))
const within = edges
  .filter(({ target }) => target.startsWith('src/'))
  .map(({ file, target }) => ({ file, target: target.slice('src/'.length) }))
const runsInBrowser = (file: string) => !inside(file, [...nodeRooms, ...nodeEntries]) && !file.includes('/node/')

it('every source file lives in a known room', () => {
  expect(files.filter((file) => !(roomOf(file) in rooms))).toEqual([])
})

it('every room has files, and only looks up', () => {
  const order = Object.keys(rooms)
  for (const [i, room] of order.entries()) {
    expect(files.some((file) => roomOf(file) === room)).toBe(true)
    for (const place of rooms[room]!) expect(order.slice(0, i)).toContain(roomOf(place))
  }
})

it('a file imports from its own room or from rooms above it', () => {
  const wrong = within.filter(({ file, target }) => {
    const room = roomOf(file)
    return roomOf(target) !== room && !inside(target, rooms[room] ?? [])
  })
  expect(wrong.map(({ file, target }) => `${file} -> ${target}`)).toEqual([])
})

it('no source file imports from outside of src/', () => {
  const outside = edges.filter(({ target }) => /^(\.\.|test\/|scripts\/|bench\/)/.test(target))
  expect(outside.map(({ file, target }) => `${file} -> ${target}`)).toEqual([])
})

it('what needs Node says so in its path', () => {
  const builtins = edges.filter(({ file, target }) => runsInBrowser(file) && target.startsWith('node:'))
  const crossing = within.filter(({ file, target }) => runsInBrowser(file) && !runsInBrowser(target))
  expect([...builtins, ...crossing].map(({ file, target }) => `${file} -> ${target}`)).toEqual([])
})

it('what runs in a browser uses no global of Node', () => {
  const code = (file: string) => read(`src/${file}`).replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
  const users = files
    .filter(runsInBrowser)
    .filter((file) => /\b(process\.\w|Buffer\.\w|__dirname|require\()/.test(code(file)))
  expect(users).toEqual([])
})

it('packages are imported only where they belong', () => {
  const bare = edges.filter(({ target }) => !target.startsWith('src/') && !target.startsWith('node:'))
  const wrong = bare.filter(({ file, target }) => !inside(file, packages[packageOf(target)] ?? []))
  expect(wrong.map(({ file, target }) => `${file} -> ${target}`)).toEqual([])
})

it('Node built-ins are written with their prefix', () => {
  const unprefixed = edges.filter(({ target }) =>
    /^(fs|path|os|url|crypto|http|https|net|stream|util|zlib)(\/|$)/.test(target),
  )
  expect(unprefixed).toEqual([])
})
