// The Studio in the page: ONNX Runtime in a Web Worker, with the very sampling code of the library.
import { type Studio, StudioError } from './types.ts'

const absent = () =>
  new StudioError('The engine for this page is not in this build.', {
    code: 'not_built',
    remedy: 'Use the server: `distilled serve`.',
  })

export function pageStudio(): Studio {
  const refuse = async (): Promise<never> => {
    throw absent()
  }
  return {
    kind: 'page',
    models: refuse,
    classes: refuse,
    isOpen: () => false,
    open: refuse,
    sample: refuse,
    trajectory: refuse,
  }
}
