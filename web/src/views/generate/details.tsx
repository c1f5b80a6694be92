// The selected picture: its settings, its actions, and links to other views with the same noise.
import { useState } from 'preact/hooks'
import type { ClassEntry, Picture } from '../../backend/types.ts'
import { changed, formatPlace } from '../../router.ts'
import { SensitiveTag } from '../../ui/class-picker.tsx'
import { Icon } from '../../ui/icon.tsx'

export interface DetailsProps {
  picture: Picture
  entry: ClassEntry | undefined
  onDownload(): void
  /** Packs all pictures, where there are several. */
  onZip: (() => void) | undefined
}

export function Details({ picture, entry, onDownload, onZip }: DetailsProps) {
  const { className, settings, width, height } = picture
  const { seed, index, model, steps } = settings as Record<string, string | number | undefined>
  const to = (view: 'same-noise' | 'walk' | 'trajectory') =>
    formatPlace({ view, settings: changed({}, { model, class: picture.class, seed, index: index || undefined }) })
  return (
    <div class="details">
      <div class="details-say">
        <p>
          <strong>{className}</strong> {entry?.sensitive && <SensitiveTag />}
        </p>
        <p class="quiet small">
          seed {seed}, picture {index} · {steps} {steps === 1 ? 'step' : 'steps'} · {model} · {width} × {height} pixels
        </p>
      </div>
      <div class="row">
        <button type="button" class="button small" onClick={onDownload}>
          <Icon name="download" /> PNG
        </button>
        {onZip && (
          <button type="button" class="button small" onClick={onZip}>
            <Icon name="download" /> All as ZIP
          </button>
        )}
        <CopyButton text={JSON.stringify(settings, null, 2)} />
      </div>
      <p class="small details-links">
        <a href={to('same-noise')}>Same noise, other steps</a>
        <a href={to('walk')}>Walk from here</a>
        <a href={to('trajectory')}>Its trajectory</a>
      </p>
    </div>
  )
}

function CopyButton({ text }: { text: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1600)
  }
  return (
    <button type="button" class="button small" onClick={() => copy().catch(() => {})}>
      <Icon name={copied ? 'check' : 'copy'} /> <span role="status">{copied ? 'Copied' : 'Settings'}</span>
    </button>
  )
}
