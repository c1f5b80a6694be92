// The script of a model's worker. Plain JavaScript because `new Worker(new URL(...))` names a file: the same one serves sources,
// bundlers and the built package.

import { serve } from './serve.ts'

serve(/** @type {any} */ (globalThis))
