// Horizontal bars from 0 to 100 % with their names to the left and their values at their ends, as inline SVG.

import { escaped } from './html.ts'

export interface Bar {
  name: string
  /** 0 to 1 */
  share: number
}

/** Of a bar and the room below it, in pixels. */
const rowHeight = 24
const barHeight = 14
/** Of letters of 12 pixels, on average. */
const letterWidth = 7
/** Names are cut to what the room to the left of the bars holds. */
const longestName = 22

/**
 * A `<figure>` with one bar per row, in the order given; empty when there is none.
 * @example
 * barChart({ title: 'Accuracy by class', remark: '', bars: [{ name: 'cat', share: 0.98 }] }).startsWith('<figure') // true
 */
export function barChart({ title, remark, bars }: { title: string; remark: string; bars: readonly Bar[] }): string {
  if (!bars.length) return ''
  const rows = bars.map(({ name, share }, i) => {
    const y = i * rowHeight
    const middle = y + barHeight / 2
    const width = `${Math.round(share * 1e4) / 100}%`
    return `<g><title>${escaped(`${name}: ${percentage(share)}`)}</title><text class="y" x="-10" y="${middle}">${escaped(cut(name))}</text><rect x="0" y="${y}" width="${width}" height="${barHeight}" rx="2"/><text class="end" x="${width}" dx="7" y="${middle}">${percentage(share)}</text></g>`
  })
  const height = bars.length * rowHeight - (rowHeight - barHeight) + 4
  const room = 14 + letterWidth * Math.max(...bars.map(({ name }) => cut(name).length))
  const text = bars.map(({ name, share }) => `${name} ${percentage(share)}`).join(', ')
  return `<figure class="chart bars line-0">
<figcaption><h3>${escaped(title)}${remark && ` <small>${escaped(remark)}</small>`}</h3></figcaption>
<div class="plot" style="height:${height + 14}px;padding-left:${room}px"><svg role="img" aria-label="${escaped(`${title}: ${text}`)}">
<line x1="0" x2="0" y1="-4" y2="${height}"/>
${rows.join('\n')}
</svg></div>
</figure>`
}

/** "98.8 %" */
export const percentage = (share: number): string => `${(100 * share).toFixed(1)} %`

const cut = (name: string): string => (name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name)
