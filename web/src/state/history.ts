// The history of this browser, latest first: settings and a thumbnail of each run in IndexedDB, up to a bounded number of runs.
// When the browser stores nothing (a private window), the history lasts as long as the page.

export interface Run {
  /** The settings as one text; a repeated run with the same text moves to the front. */
  key: string
  /** Milliseconds since 1970. */
  at: number
  /** Settings of the address that make it again. */
  settings: Record<string, string>
  /** Such as "boat". */
  title: string
  /** Such as "8 pictures, 1 step". */
  detail: string
  thumbnail: Blob
}

export const mostRuns = 60

/** @param most runs to keep; older ones are deleted */
export function withRun(runs: readonly Run[], run: Run, most = mostRuns): Run[] {
  return [run, ...runs.filter(({ key }) => key !== run.key)].slice(0, most)
}

const store = 'runs'

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function database(): Promise<IDBDatabase> {
  const request = indexedDB.open('distilled-decoding', 1)
  request.onupgradeneeded = () => request.result.createObjectStore(store, { keyPath: 'key' }).createIndex('at', 'at')
  return settled(request)
}

let opened: Promise<IDBDatabase> | undefined
async function runsStore(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  opened ??= database()
  return (await opened).transaction(store, mode).objectStore(store)
}

/** All runs kept, the latest first. */
export async function recallRuns(): Promise<Run[]> {
  const runs = await settled((await runsStore('readonly')).index('at').getAll())
  return runs.reverse()
}

/** Keeps a run, and no more than `mostRuns`. */
export async function keepRun(run: Run): Promise<void> {
  const runs = await runsStore('readwrite')
  await settled(runs.put(run))
  const keys = await settled(runs.index('at').getAllKeys())
  for (const key of keys.slice(0, -mostRuns)) runs.delete(key)
}

export async function forgetRuns(): Promise<void> {
  await settled((await runsStore('readwrite')).clear())
}
