// sharp, loaded when the first image needs it: it is native code, and the installed build may be for another machine.
import { createRequire } from 'node:module'
import type sharpModule from 'sharp'
import { nativeError, sharpPackage, thisMachine } from '../../core/node/native.ts'

export type { Sharp } from 'sharp'

let loaded: typeof sharpModule | undefined

/** As sharp's own. @throws EngineError in one sentence where sharp does not load */
export function sharp(...args: Parameters<typeof sharpModule>): ReturnType<typeof sharpModule> {
  try {
    loaded ??= createRequire(import.meta.url)('sharp') as typeof sharpModule
  } catch (cause) {
    throw nativeError(sharpPackage, cause, thisMachine())
  }
  return loaded(...args)
}
