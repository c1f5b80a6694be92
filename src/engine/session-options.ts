// The options with which ONNX Runtime opens a session.
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

/** Only fatal messages are logged: everything else comes as an error or does not belong on the terminal. */
export const QUIET = 4

export function sessionOptions({ device, threads, prepack, folder }: SessionSettings): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: QUIET,
    // Planned buffers would live as long as the session: 100 MB of a decoder's memory, without a measurable gain in speed.
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
