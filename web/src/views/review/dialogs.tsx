// The review's three dialogs: who reviews, a note, the keys.
import type { WireImage } from '../../../../src/review/wire.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { keyName, keyTable } from './keys.ts'
import type { Actions, Question } from './use-review.ts'

export interface DialogsProps {
  asking: Question | undefined
  reviewer: string
  image: WireImage | undefined
  answer: Actions['answer']
}

export const Dialogs = ({ asking, reviewer, image, answer }: DialogsProps) => (
  <>
    <Dialog title="Who is reviewing?" open={asking === 'initials'} onClose={() => answer('initials')}>
      <form
        id="initials-dialog"
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          answer('initials', field(event.currentTarget, 'initials'))
        }}
      >
        <p class="quiet">Your initials are stored with every verdict.</p>
        <label class="field">
          <span class="label">Initials</span>
          <input
            id="initials"
            name="initials"
            class="input"
            defaultValue={reviewer}
            maxLength={8}
            required
            pattern="\p{L}[\p{L}\p{N}.\-]{0,7}"
            title="One to eight letters, such as AB"
            autocomplete="off"
            spellcheck={false}
            autofocus
            onFocus={(event) => event.currentTarget.select()}
          />
        </label>
        <button type="submit" class="button primary">
          Begin
        </button>
      </form>
    </Dialog>
    <Dialog title="Note" open={asking === 'note'} onClose={() => answer('note')}>
      <form
        id="note-dialog"
        class="stack"
        onSubmit={(event) => {
          event.preventDefault()
          answer('note', field(event.currentTarget, 'note'))
        }}
      >
        <label class="field">
          <span class="label">{image && `${image.class} ${image.className} ${image.n + 1}, ${image.model}`}</span>
          <textarea
            name="note"
            class="input"
            rows={4}
            maxLength={1000}
            defaultValue={image?.note?.text ?? ''}
            autofocus
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
              event.preventDefault()
              event.currentTarget.form!.requestSubmit()
            }}
          />
        </label>
        <div class="row spread">
          <span class="hint">Enter saves, Shift+Enter breaks the line, Esc leaves it</span>
          <button type="submit" class="button primary">
            Save
          </button>
        </div>
      </form>
    </Dialog>
    <Dialog title="Keys" open={asking === 'help'} onClose={() => answer('help')} closeKey="?">
      <div id="help-dialog" class="stack">
        <dl class="review-keys">
          {keyTable.map(({ what, keys }) => (
            <div key={what}>
              <dt>
                {Object.keys(keys).map((key) => (
                  <kbd key={key}>{keyName(key)}</kbd>
                ))}
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <p class="hint">
          Every verdict is on the disk before the next image shows; reloading loses nothing. The latest verdict on an
          image counts.
        </p>
      </div>
    </Dialog>
  </>
)

const field = (form: HTMLFormElement, name: string): string => String(new FormData(form).get(name) ?? '')
