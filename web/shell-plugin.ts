// What turns the build into an app that works offline and in its own fence: the service worker with the list of files it keeps,
// and the Content-Security-Policy in the page itself, for servers of plain files that send no headers.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Plugin, transformWithOxc } from 'vite'
import { chartStyle } from '../src/charts/chart-style.ts'
import { pageHeaders } from '../src/http/guard.ts'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const digest = (parts: readonly (string | Uint8Array)[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex').slice(0, 12)
}

/** index.html is './'; a review needs its server. */
const isLeftOut = /^((index|review)\.html$|assets\/review-)/

/** Directives that a <meta> cannot give. */
const headersOnly = /^frame-ancestors /
const policy = pageHeaders(true)
  ['Content-Security-Policy']!.split('; ')
  .filter((line) => !headersOnly.test(line))

export function shell(): Plugin {
  return {
    name: 'shell',
    apply: 'build',
    transformIndexHtml: () => [
      {
        ...{ tag: 'meta', injectTo: 'head-prepend' as const },
        attrs: { 'http-equiv': 'Content-Security-Policy', content: policy.join('; ') },
      },
    ],
    async generateBundle(_, bundle) {
      const fixed = readdirSync(path('public'))
      const built = Object.values(bundle).filter(({ fileName }) => !fileName.endsWith('.map'))
      const content = built.map((file) => (file.type === 'chunk' ? file.code : file.source))
      const others = ['index.html', 'service-worker.ts', ...fixed.map((name) => `public/${name}`)]
      const version = digest([...content, ...others.map((name) => readFileSync(path(name)))])
      const files = ['./', ...built.map(({ fileName }) => fileName), ...fixed].filter((name) => !isLeftOut.test(name))
      const entry = createRequire(import.meta.url).resolve('onnxruntime-web')
      const { version: runtime } = JSON.parse(readFileSync(join(dirname(entry), '../package.json'), 'utf8'))
      const source = readFileSync(path('service-worker.ts'), 'utf8')
      const { code } = await transformWithOxc(source, 'service-worker.ts')
      const facts = { version, runtime, files }
      this.emitFile({ type: 'asset', fileName: 'sw.js', source: `const facts = ${JSON.stringify(facts)}\n${code}` })
    },
  }
}

/** The style of charts, which reports carry inside them, as a style sheet of the app: `import 'virtual:charts.css'`. */
export function chartStyles(): Plugin {
  const name = 'virtual:charts.css'
  return {
    name: 'chart-styles',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load: (id) => (id === `\0${name}` ? chartStyle : undefined),
  }
}
