// The evaluation of the embedded models: plots, tables and the protocol of the measurements; in a separate, marked block, the
// figures that the paper's authors published for ImageNet.
import 'virtual:charts.css'
import './report.css'
import { ScatterChart } from '../../../../src/charts/scatter-chart.tsx'
import { percentage } from '../../../../src/core/format.ts'
import { secondsText } from '../../ui/text.ts'
import type { ViewProps } from '../props.ts'
import { type Column, numbers } from './columns.ts'
import { Protocol } from './protocol.tsx'
import { type FamilyResults, families, type PublishedRow, published, type Row } from './results.ts'
import { sentence } from './sentences.ts'
import { SortableTable } from './sortable-table.tsx'

export default function Report({ model }: ViewProps) {
  const own = families.toSorted((a, b) => Number(b.student === model.id) - Number(a.student === model.id))
  return (
    <div class="view report">
      <header class="view-head">
        <h1>What one step costs, and what it saves</h1>
        <p class="lead">
          The embedded models, {families[0]!.samples.toLocaleString('en-US')} pictures a row, measured on the sprites
          they were trained for. These are not ImageNet figures.
        </p>
      </header>
      <Plots />
      {own.map((results) => (
        <Family key={results.family} results={results} />
      ))}
      <Protocol families={families} />
      <Published />
    </div>
  )
}

/** The rows in the plots: all but the baselines, which are far away from the others. */
const plotted = ({ rows }: FamilyResults) => rows.filter(({ kind }) => kind !== 'baseline')

const groupsOf = (x: (row: Row) => number, y: (row: Row) => number) =>
  families.map((results) => ({
    name: results.title,
    marks: plotted(results)
      .toSorted((a, b) => a.steps - b.steps || b.frechet - a.frechet)
      .map((row) => ({ x: x(row), y: y(row), label: row.short, hollow: row.kind === 'teacher' })),
  }))

function Plots() {
  const distance = { title: 'Fréchet distance', log: true }
  return (
    <section class="report-plots">
      <header class="sr-only">
        <h2>Plots</h2>
      </header>
      <ScatterChart
        title="Distance against steps"
        x={{ title: 'network evaluations per image', log: true }}
        y={distance}
        groups={groupsOf(
          ({ steps }) => steps,
          ({ frechet }) => frechet,
        )}
      />
      <ScatterChart
        title="Distance against time"
        x={{ title: 'milliseconds per image', log: true }}
        y={distance}
        groups={groupsOf(
          ({ seconds }) => 1000 * seconds!,
          ({ frechet }) => frechet,
        )}
      />
      <ScatterChart
        title="Precision and recall"
        x={{ title: 'recall', until: 1 }}
        y={{ title: 'precision', until: 1 }}
        groups={groupsOf(
          ({ recall }) => recall,
          ({ precision }) => precision,
        )}
      />
      <p class="hint">
        Hollow: the teacher alone. “From n”: the teacher draws from the n-th scale (VAR) or token (LlamaGen) to the
        student’s last step. Baselines are far from the others and only in the tables.
      </p>
    </section>
  )
}

const share = (value: number) => value.toFixed(3)
const factor = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)}×`

const columns: readonly Column<Row>[] = [
  { key: 'name', title: 'Sampler', value: ({ title }) => title, text: ({ title }) => title },
  numbers({ key: 'steps', title: 'Steps', hint: 'Network evaluations per image', value: ({ steps }) => steps }, String),
  numbers({ key: 'time', title: 'Time per image', better: 'lower', value: ({ seconds }) => seconds }, secondsText),
  numbers({ key: 'speed', title: 'Speed‑up', better: 'higher', value: ({ speedup }) => speedup }, factor),
  numbers({ key: 'frechet', title: 'Fréchet distance', better: 'lower', value: ({ frechet }) => frechet }, (v) =>
    v.toFixed(2),
  ),
  numbers({ key: 'relative', title: 'Times the teacher’s', better: 'lower', value: ({ relative }) => relative }, (v) =>
    v.toFixed(2),
  ),
  numbers({ key: 'precision', title: 'Precision', better: 'higher', value: ({ precision }) => precision }, share),
  numbers({ key: 'recall', title: 'Recall', better: 'higher', value: ({ recall }) => recall }, share),
  numbers(
    { key: 'accuracy', title: 'Class accuracy', better: 'higher', value: ({ accuracy }) => accuracy },
    percentage,
  ),
]

function Family({ results }: { results: FamilyResults }) {
  const { title, student, teacher, family, rows, samples, guidance, threads } = results
  const parts = family === 'var' ? '6 scales, 130 tokens' : '64 tokens'
  return (
    <section class="stack" aria-labelledby={`report-${family}`}>
      <h2 id={`report-${family}`}>
        {title} <small class="quiet">{parts}</small>
      </h2>
      <p class="report-says">{sentence(results)}</p>
      <div class="card report-card">
        <SortableTable
          caption={`${title}: samplers of ${student}`}
          columns={columns}
          rows={rows}
          rowKey={({ name }) => name}
          look={({ kind }) => `report-${kind}`}
          detail={({ detail }) => detail}
        />
      </div>
      <p class="hint">
        Bold is the best of its column. {samples.toLocaleString('en-US')} samples against{' '}
        {samples.toLocaleString('en-US')} sprites of another seed, in the 128 features of the sprite classifier; labels
        i mod 12, noise of seed 5; {teacher} with guidance {guidance}, no top-k, no top-p. Times: one image at a time on{' '}
        {threads} CPU {threads === 1 ? 'thread' : 'threads'}, decoding included.
      </p>
    </section>
  )
}

const maybe = (digits: number) => (value: number) => value.toFixed(digits)

const publishedColumns: readonly Column<PublishedRow>[] = [
  { key: 'model', title: 'Model', value: ({ model }) => model, text: ({ model }) => model },
  { key: 'sampler', title: 'Sampler', value: ({ title }) => title, text: ({ title }) => title },
  numbers({ key: 'steps', title: 'Steps', value: ({ steps }) => steps }, String),
  numbers({ key: 'fid', title: 'FID', value: ({ fid }) => fid }, maybe(2)),
  numbers({ key: 'is', title: 'IS', value: ({ inceptionScore }) => inceptionScore }, maybe(1)),
  numbers({ key: 'precision', title: 'Precision', value: ({ precision }) => precision }, maybe(2)),
  numbers({ key: 'recall', title: 'Recall', value: ({ recall }) => recall }, maybe(2)),
  numbers({ key: 'time', title: 'Seconds per image', value: ({ seconds }) => seconds }, maybe(3)),
  numbers({ key: 'speed', title: 'Speed‑up', value: ({ speedup }) => speedup }, factor),
]

function Published() {
  return (
    <section class="stack report-published" aria-labelledby="report-published">
      <h2 id="report-published">
        Published by the paper’s authors <span class="tag">not measured here</span>
      </h2>
      <p class="report-says">
        ImageNet at 256 × 256, FID of 50,000 samples in the features of Inception-v3, times on the authors’ GPU (
        <a href="https://arxiv.org/abs/2412.17153" target="_blank" rel="noopener noreferrer">
          arXiv 2412.17153
        </a>
        ). Other data, other features, other machines: do not set the tables above against this one.
      </p>
      <div class="card report-card">
        <SortableTable
          caption="Figures published by the authors of Distilled Decoding"
          columns={publishedColumns}
          rows={published}
          rowKey={({ model, title }) => `${model} ${title}`}
        />
      </div>
    </section>
  )
}
