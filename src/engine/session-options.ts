// How ONNX Runtime opens a session: its switches, all in one place.
// The file system's root is the folder of external data, so one graph may point into any number of checkpoints.

import type { InferenceSession } from 'onnxruntime-common'
import type { Engine } from './types.ts'

export interface SessionSettings {
  device: Engine['device']
  threads: number
  /** Pack weights for the matrix kernels while opening. */
  prepack: boolean
  /** Folder that the model's external data paths start from; a model that is a file knows its own. */
  folder?: string
}

/** Only fatal messages are logged: everything else comes as an error, or is no business of the terminal. */
export const QUIET = 4

export function sessionOptions({ device, threads, prepack, folder }: SessionSettings): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: QUIET,
    // Planned buffers live as long as the session: 100 MB of a decoder's memory, for no measurable speed.
    enableMemPattern: false,
    extra: {
      session: {
        ...(folder !== undefined && { model_external_initializers_file_folder_path: folder }),
        disable_prepacking: prepack ? '0' : '1',
        intra_op: { allow_spinning: '1' },
      },
    },
  }
}
