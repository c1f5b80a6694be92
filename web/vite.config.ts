// How the app is built: relative addresses, so that it runs below any path and as plain files; JSX through Vite's own
// transform. `npx vite web` serves it with reloads beside a running `distilled serve`, which answers /api.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { chartStyles, shell } from './shell-plugin.ts'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const server = process.env.DISTILLED_SERVER ?? 'http://127.0.0.1:7860'
/** The server answers pages of its own origin only, so the proxy asks in its name. */
const proxied = {
  target: server,
  changeOrigin: true,
  configure: (proxy: { on(event: 'proxyReq', listener: (request: ProxiedRequest) => void): void }) =>
    proxy.on('proxyReq', (request) => {
      request.removeHeader('origin')
      request.removeHeader('sec-fetch-site')
    }),
}
interface ProxiedRequest {
  removeHeader(name: string): void
}

export default defineConfig({
  root: path('.'),
  base: './',
  plugins: [chartStyles(), shell()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    rolldownOptions: { input: { index: path('index.html'), review: path('review.html') } },
    outDir: path('../dist/app'),
    emptyOutDir: true,
    target: ['es2022', 'chrome123', 'firefox120', 'safari17.5'], // the first with light-dark()
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 200,
  },
  worker: { format: 'es' },
  // The app serves ONNX Runtime as files (ort/), which are fetched once they are needed, and not as part of a bundle.
  resolve: { alias: [{ find: /^onnxruntime-web\/.*/, replacement: path('src/backend/no-runtime.ts') }] },
  server: {
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
    proxy: { '/api': proxied, '/models': proxied, '/ort': proxied },
    fs: { allow: [path('..')] },
  },
})
