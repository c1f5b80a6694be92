// Registers the service worker, which makes the app work offline; only built pages have one.

/** A browser without service workers needs the network. */
export function keepOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  addEventListener('load', () => navigator.serviceWorker.register('./sw.js').catch(() => {}))
}
