// The page's three dialogs: who reviews, a note, the keys. The browser's own <dialog> keeps the focus inside and gives it back.
import { find } from './view.ts'

const remembered = 'distilled-review-initials'

export const rememberedReviewer = (): string => localStorage.getItem(remembered) ?? ''

/** Whether keys belong to a dialog now. */
export const dialogIsOpen = (): boolean => document.querySelector('dialog[open]') !== null

/** Opens a dialog; resolves with its return value when it closes, '' after Esc. */
function opened(dialog: HTMLDialogElement): Promise<string> {
  dialog.returnValue = ''
  dialog.showModal()
  return new Promise((resolve) => dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true }))
}

/** Asks for the reviewer's initials and remembers them; gives the former ones when nothing is entered. */
export async function askReviewer(): Promise<string> {
  const input = find<HTMLInputElement>('initials')
  input.value = rememberedReviewer()
  input.select()
  await opened(find<HTMLDialogElement>('initials-dialog'))
  const entered = input.value.trim().toUpperCase()
  if (entered && input.validity.valid) localStorage.setItem(remembered, entered)
  return rememberedReviewer()
}

/** Asks for a note; undefined when it was left. */
export async function askNote(about: string, text: string): Promise<string | undefined> {
  const dialog = find<HTMLDialogElement>('note-dialog')
  const area = find<HTMLTextAreaElement>('note-text')
  find('note-about').textContent = about
  area.value = text
  const answer = await opened(dialog)
  return answer === 'save' ? area.value.trim() : undefined
}

export const showHelp = (): Promise<string> => opened(find<HTMLDialogElement>('help-dialog'))

/** Keys and buttons inside the dialogs. */
export function wireDialogs(): void {
  const note = find<HTMLDialogElement>('note-dialog')
  find('note-cancel').onclick = () => note.close('')
  find('note-text').onkeydown = (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    note.close('save')
  }
  find('help-dialog').onkeydown = (event) => {
    if (event.key !== '?') return
    event.preventDefault() // the page must not take it for its own and open the help again
    find<HTMLDialogElement>('help-dialog').close()
  }
}
