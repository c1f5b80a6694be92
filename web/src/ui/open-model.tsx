// The download that the page's own engine needs first: its size, a button to start, progress, a button to stop.
import type { Engine } from '../state/engine.ts'
import { Fault } from './fault.tsx'
import { Progress } from './progress.tsx'
import { bytesText } from './text.ts'

/** Says what will be downloaded, and does it when asked. */
export function OpenModel({ engine }: { engine: Engine }) {
  const { model, status, download, open, cancel } = engine
  if (!model || status === 'ready') return null
  if (status === 'fault') return <Fault error={engine.fault} again={engine.retry} />
  if (engine.kind === 'server') return <p class="quiet">Opening {model.id} ...</p>
  const size = model.bytes === undefined ? '' : ` ${bytesText(model.bytes)}`
  return (
    <section class="card stack open-model">
      <h2>This page can run {model.id} itself</h2>
      <p class="quiet">
        ONNX Runtime and the weights are downloaded once ({size.trim() || 'some megabytes'}) and kept by the browser;
        then the pictures are made on your machine, offline, too.
      </p>
      {status === 'opening' ? (
        <div class="stack">
          <Progress
            label={download ? downloaded(download) : 'Starting ...'}
            value={download?.total ? download.done / download.total : undefined}
          />
          <div class="row">
            <button type="button" class="button" onClick={cancel}>
              Stop
            </button>
          </div>
        </div>
      ) : (
        <div class="row">
          <button type="button" class="button primary" onClick={open}>
            Download{size} and start
          </button>
        </div>
      )}
    </section>
  )
}

const downloaded = ({ done, total }: { done: number; total: number }): string => {
  if (!total) return bytesText(done)
  return done < total ? `${bytesText(done)} of ${bytesText(total)}` : `${bytesText(total)}: opening the networks ...`
}
