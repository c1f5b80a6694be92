// Bundles the library for pages: what is in DIST/web, with everything it imports, becomes DIST/browser/index.js and worker.js, which
// a page can load as they are, without a bundler of its own. ONNX Runtime stays outside.
//   node scripts/bundle.js DIST

import { join } from 'node:path'
import { rolldown } from 'rolldown'

const dist = process.argv[2]
if (!dist) throw new Error('Usage: node scripts/bundle.js DIST')

const bundle = await rolldown({
  input: { index: join(dist, 'web', 'index.js'), worker: join(dist, 'web', 'worker.js') },
  external: /^onnxruntime-web/,
  platform: 'browser',
  // A chunk that is loaded later must not import the worker's script: under another address it would run a second time
  preserveEntrySignatures: 'strict',
})
await bundle.write({ dir: join(dist, 'browser'), format: 'esm', minify: true, chunkFileNames: '[name].js' })
await bundle.close()
