// Makes ONNX Runtime's error messages readable.

/** Its message on one line, without the C++ source position and the failed condition. */
export function readable(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const line = text.replace(/\s+/g, ' ').trim()
  const plain = line.replace(/\/onnxruntime_src\/\S+:\d+ .*? was false\. ?/, '')
  return /[.!?]$/.test(plain) ? plain : `${plain}.`
}
