// A dialog that lists all keys of the view; "?" opens it.
import type { ModelInfo } from '../../backend/types.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { samplingChoices } from '../../ui/sampling-choices.ts'

export interface KeysDialogProps {
  open: boolean
  onClose(): void
  model: ModelInfo
}

export function KeysDialog({ open, onClose, model }: KeysDialogProps) {
  const choices = samplingChoices(model, { flow: true })
  const rows: readonly (readonly [readonly string[], string])[] = [
    [['Enter'], 'make the pictures'],
    [['R'], 'roll the dice: another seed'],
    [['/'], 'search a class'],
    [['1', '…', String(choices.length)], `steps: ${choices.map(({ title }) => title.toLowerCase()).join(', ')}`],
    [['←', '→', '↑', '↓'], 'move in the grid, once it has the focus'],
    [['D'], 'download the selected picture'],
    [['Z'], 'download all as ZIP'],
    [['Ctrl', 'V'], 'paste a picture: its settings come back'],
    [['Esc'], 'stop'],
    [['?'], 'this list'],
  ]
  return (
    <Dialog title="Keys" open={open} onClose={onClose} closeKey="?">
      <dl class="keys">
        {rows.map(([keys, what]) => (
          <div key={what}>
            <dt>{keys.map((key) => (key === '…' ? ' … ' : <kbd key={key}>{key}</kbd>))}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
