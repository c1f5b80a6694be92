// The app without a network: its own files are kept when it is installed, ONNX Runtime's scripts when they are first used; weights
// and WebAssembly are kept by the engine in the page. Pages come from the network while there is one, so that a new version is seen at once.
// Where a server of plain files sends no headers, the pages are made cross-origin isolated here, so that WebAssembly has threads.

/** Of the build: shell-plugin.ts. */
declare const facts: { version: string; runtime: string; files: string[] }

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}
interface WorkerScope {
  readonly registration: { readonly scope: string }
  readonly clients: { claim(): Promise<void> }
  addEventListener<E extends Event>(name: string, listener: (event: E) => void): void
}
const scope = globalThis as unknown as WorkerScope

const home = new URL(scope.registration.scope)
/** Caches belong to an origin: another copy of the app below another path has its own. */
const own = `distilled ${home.pathname} `
const names = { shell: `${own}shell ${facts.version}`, runtime: `${own}ort ${facts.runtime}` }
const shellAddresses = new Set(facts.files.map((name) => new URL(name, home).href))

scope.addEventListener('install', (event: ExtendableEvent) => {
  const keep = async () => {
    const cache = await caches.open(names.shell)
    await cache.addAll([...shellAddresses].map((address) => new Request(address, { cache: 'no-cache' })))
  }
  event.waitUntil(keep())
})

scope.addEventListener('activate', (event: ExtendableEvent) => {
  const clean = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(own) && !Object.values(names).includes(name))
    await Promise.all(old.map((name) => caches.delete(name)))
    await scope.clients.claim()
  }
  event.waitUntil(clean())
})

scope.addEventListener('fetch', (event: FetchEvent) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== home.origin || !url.pathname.startsWith(home.pathname)) return
  const below = url.pathname.slice(home.pathname.length)
  if (request.mode === 'navigate') {
    if (below === '' || below === 'index.html') event.respondWith(page(request))
  } else if (/^ort\/.*\.mjs$/.test(below)) event.respondWith(kept(request, names.runtime, true))
  else if (shellAddresses.has(url.href)) event.respondWith(kept(request, names.shell, false))
  // Of a newer build, whose page this older worker let in: its scripts, too, have to be isolated
  else if (below.startsWith('assets/')) event.respondWith(fetch(request).then(isolated))
})

/** From the network, or from the shell when there is none. */
async function page(request: Request): Promise<Response> {
  const answer = await fetch(request).catch(() => undefined)
  if (answer?.ok) return isolated(answer)
  const shell = await (await caches.open(names.shell)).match(home.href)
  return shell ? isolated(shell) : (answer ?? Response.error())
}

/** From the cache, or from the network, which is remembered when `keep` says so. */
async function kept(request: Request, name: string, keep: boolean): Promise<Response> {
  const cache = await caches.open(name)
  const found = await cache.match(request.url)
  if (found) return isolated(found)
  const answer = await fetch(request)
  if (keep && answer.status === 200) await cache.put(request.url, answer.clone())
  return isolated(answer)
}

/** The answer with the headers of a page that no other origin can look into. */
function isolated(answer: Response): Response {
  if (answer.headers.has('Cross-Origin-Embedder-Policy') || answer.status === 0) return answer
  const headers = new Headers(answer.headers)
  headers.set('Cross-Origin-Opener-Policy', 'same-origin')
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp')
  headers.set('Cross-Origin-Resource-Policy', 'same-origin')
  const { status, statusText } = answer
  return new Response(answer.body, { status, statusText, headers })
}
