import { expect, it } from 'vitest'
import { itWith, linux } from '../../../test/requirements.ts'
import { nativeError, onnxRuntime, sharpPackage, thisMachine } from './native.ts'

const stack = new Error(
  "Cannot find module '../bin/napi-v6/linux/arm64/onnxruntime_binding.node'\nRequire stack:\n- binding.js",
)

it.each([
  ['linux', 'x64', true, 'ONNX Runtime has no build for Linux with musl, such as Alpine. Take an image with glibc'],
  ['darwin', 'x64', false, 'ONNX Runtime has no build for macOS x64. Run it in a Linux container'],
  ['freebsd', 'x64', false, 'ONNX Runtime has no build for freebsd x64. Run it'],
  ['linux', 'arm64', false, 'ONNX Runtime is installed without its file for Linux arm64, or it does not load: Cannot'],
  [
    'win32',
    'arm64',
    false,
    'ONNX Runtime is installed without its file for Windows arm64, or it does not load: Cannot',
  ],
])('ONNX Runtime on %s %s (musl: %s)', (platform, arch, musl, message) => {
  const error = nativeError(onnxRuntime, stack, { platform, arch, musl })
  expect(error.message).toContain(message)
  expect(error.message).not.toMatch(/\n|Require stack/)
})

it('sharp has builds for musl and for Intel Macs', () => {
  for (const machine of [
    { platform: 'linux', arch: 'x64', musl: true },
    { platform: 'darwin', arch: 'x64', musl: false },
  ])
    expect(nativeError(sharpPackage, stack, machine).message).toContain('is installed without its file for')
})

itWith(linux)('tells the C library', () => {
  expect(thisMachine()).toEqual({ platform: 'linux', arch: process.arch, musl: false })
})
