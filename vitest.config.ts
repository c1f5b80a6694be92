import { defineConfig } from 'vitest/config'

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  test: {
    include: ['src/**/*.test.ts', 'web/src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // ONNX Runtime already uses both cores; one test file at a time per core is the most that helps.
    maxWorkers: 2,
    setupFiles: ['test/setup.ts'],
    globalSetup: ['scripts/build.js', 'scripts/build-web.js'],
    reporters: ['default', './scripts/tally-reporter.js'],
  },
})
