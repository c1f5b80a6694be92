// Earlier runs, the latest first: a thumbnail each; a click brings the settings back.
import type { History } from '../../state/use-history.ts'
import { useBlobUrl } from '../../ui/picture.tsx'

export interface HistoryStripProps {
  history: History
  onChoose(settings: Readonly<Record<string, string>>): void
}

export function HistoryStrip({ history, onChoose }: HistoryStripProps) {
  const { runs, clear } = history
  if (!runs.length) return null
  return (
    <section class="history" aria-label="History">
      <div class="row spread">
        <h2>Made in this browser</h2>
        <button type="button" class="button small plain" onClick={clear}>
          Clear
        </button>
      </div>
      <ul class="strip">
        {runs.map(({ key, title, detail, thumbnail, settings }) => (
          <li key={key}>
            <button type="button" class="kept" title={`${title}: ${detail}`} onClick={() => onChoose(settings)}>
              <Thumbnail png={thumbnail} />
              <span class="kept-title">{title}</span>
              <span class="sr-only">{detail}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Thumbnail({ png }: { png: Blob }) {
  const url = useBlobUrl(png)
  return <img class="pixelated" src={url} alt="" width={64} height={64} />
}
