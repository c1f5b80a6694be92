// The service worker, which keeps the app for the time without a network; only built pages have one.

/** Registers it; a browser that has none just needs the network. */
export function keepOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  addEventListener('load', () => navigator.serviceWorker.register('./sw.js').catch(() => {}))
}
