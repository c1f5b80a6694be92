// Which other files an ONNX file needs: its initializers may lie beside it.

import { fromBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from './onnx_pb.ts'

/** Names of the files that the initializers of a serialised model point into, each once and in order. */
export function externalFiles(model: Uint8Array): string[] {
  const { graph } = fromBinary(ModelProtoSchema, model)
  const entries = graph?.initializer.flatMap(({ externalData }) => externalData) ?? []
  return [...new Set(entries.flatMap(({ key, value }) => (key === 'location' ? [value] : [])))].sort()
}
