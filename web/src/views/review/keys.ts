// The keys of the review: what each does, for the page and for its help.
import type { Keys } from '../../ui/use-keys.ts'
import type { Actions } from './use-review.ts'

export interface KeyRow {
  what: string
  /** By the names of KeyboardEvent.key. */
  keys: Readonly<Record<string, (actions: Actions) => unknown>>
}

export const keyTable: readonly KeyRow[] = [
  { what: 'accept this image, go to the next open one', keys: { a: ({ judge }) => judge('accepted') } },
  { what: 'flag it as sensitive', keys: { f: ({ judge }) => judge('flagged') } },
  { what: 'undo your last verdict or note', keys: { u: ({ undo }) => undo(), Backspace: ({ undo }) => undo() } },
  { what: 'write a note', keys: { n: ({ note }) => note() } },
  {
    what: 'previous, next image',
    keys: { ArrowLeft: ({ step }) => step(-1), ArrowRight: ({ step }) => step(1) },
  },
  {
    what: 'previous, next class',
    keys: { ArrowUp: ({ stepClass }) => stepClass(-1), ArrowDown: ({ stepClass }) => stepClass(1) },
  },
  {
    what: 'back from the filters to the image',
    keys: { Escape: () => (document.activeElement as HTMLElement | null)?.blur() },
  },
  { what: 'change the reviewer', keys: { i: ({ changeReviewer }) => changeReviewer() } },
  { what: 'show or close this help', keys: { '?': ({ help }) => help() } },
]

const names: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
}

/** The label of a key. */
export const keyName = (key: string): string => names[key] ?? (key.length === 1 ? key.toUpperCase() : key)

/** The keys that the page listens to; when held down, only arrows repeat. */
export const keysOf = (actions: Actions): Keys =>
  Object.fromEntries(
    keyTable.flatMap(({ keys }) =>
      Object.entries(keys).map(([key, act]) => [
        key,
        (event: KeyboardEvent) => {
          if (!event.repeat || key.startsWith('Arrow')) act(actions)
        },
      ]),
    ),
  )
