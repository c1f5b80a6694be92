// The style sheet that reports share: the system's own letters, one column of cards, light and dark, for screens from a
// phone's up and for paper. All text has a contrast of 4.5 to 1 or more to what is behind it (a test computes it).

import { escaped } from './html.ts'

/** Custom properties of each colour scheme; `soft` and the lines are text colours, too. */
export const palette = {
  light: {
    ...{ page: '#f6f6f4', card: '#ffffff', text: '#1d1d1f', soft: '#63636a', rule: '#e2e2de', hover: '#fafaf8' },
    ...{ 'line-0': '#2563c9', 'line-1': '#b25400', 'line-2': '#1f7d58', 'line-3': '#8a4fc4' },
    ...{ good: '#1f7a4d', bad: '#c0362c', open: '#8a5d00' },
  },
  dark: {
    ...{ page: '#131315', card: '#1c1c1f', text: '#ececee', soft: '#a0a0a8', rule: '#323238', hover: '#222226' },
    ...{ 'line-0': '#6ea2ff', 'line-1': '#f2a24c', 'line-2': '#5cc79b', 'line-3': '#bb8cf0' },
    ...{ good: '#5cc98f', bad: '#ff7b6e', open: '#e0b04c' },
  },
} as const

/** Colours by name as declarations of a style sheet. */
export const customProperties = (colours: Readonly<Record<string, string>>): string =>
  Object.entries(colours)
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(' ')

export const pageStyle = `
:root { color-scheme: light dark; ${customProperties(palette.light)} }
@media screen and (prefers-color-scheme: dark) { :root { ${customProperties(palette.dark)} } }
* { box-sizing: border-box; margin: 0; }
body {
  background: var(--page); color: var(--text); padding: 3rem clamp(1rem, 4vw, 3rem) 4rem;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
header, main { max-width: 1120px; margin: 0 auto; }
h1 { font-size: 2rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.02em; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; font-weight: 620; letter-spacing: -0.01em; margin: 2.75rem 0 0.9rem; }
h2 small { font-size: 0.875rem; letter-spacing: 0; margin-left: 0.35em; }
h3 { font-size: 0.95rem; font-weight: 600; }
h3 small { font-size: 0.8rem; margin-left: 0.3em; }
small { font-weight: 400; }
small, dt, time, .legend, .sheet figcaption { color: var(--soft); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 1rem; }
.chart, .sheet, .card { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; }
.chart { padding: 1.1rem 1.25rem 0.75rem; min-width: 0; }
.chart figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.15rem 1rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0 1.1rem; font-size: 0.85rem; }
.legend i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin: 0 0.45em 0.22em 0; background: var(--line); }
.legend b { font-weight: 600; color: var(--text); margin-left: 0.2em; }
.plot { height: 190px; padding: 14px 10px 30px 44px; }
.plot svg { display: block; width: 100%; height: 100%; overflow: visible; }
.plot line { stroke: var(--rule); stroke-width: 1; shape-rendering: crispEdges; }
.plot text { fill: var(--soft); font-size: 12px; }
.plot .y { text-anchor: end; dominant-baseline: central; } .plot .x { text-anchor: middle; }
.plot path { fill: none; stroke: var(--line); vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-linecap: round; }
.plot .curve { stroke-width: 1.75; } .plot .dots { stroke-width: 6; }
.plot .band { fill: var(--line); fill-opacity: 0.14; stroke: none; }
.scatter .plot { height: 344px; padding: 4px 14px 40px 44px; }
.scatter .axis { font-size: 0.8rem; color: var(--soft); margin: 0.5rem 0 0.4rem; }
.scatter .below { text-align: right; margin: -0.9rem 0.9rem 0.4rem 0; }
.scatter .mark { fill: var(--line); stroke: var(--line); stroke-width: 2; }
.scatter .hollow { fill: var(--card); }
.scatter .join { stroke-width: 1.25; stroke-opacity: 0.55; }
.plot .name { fill: var(--text); dominant-baseline: central; paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.legend .key { vertical-align: -1px; margin-right: 0.4em; overflow: visible; } .legend .key path { fill: var(--line); }
.bars .plot { padding: 10px 60px 0 0; } .bars rect { fill: var(--line); }
.bars .end { fill: var(--text); dominant-baseline: central; } .bars line { stroke: var(--soft); }
.line-0 { --line: var(--line-0); } .line-1 { --line: var(--line-1); }
.line-2 { --line: var(--line-2); } .line-3 { --line: var(--line-3); }
.sheet { overflow: hidden; }
.sheet img { display: block; width: 100%; height: auto; }
.sheet .small { image-rendering: pixelated; }
.sheet figcaption { padding: 0.65rem 1rem 0.75rem; font-size: 0.875rem; }
.sheet b { color: var(--text); font-weight: 600; margin-right: 0.4em; }
.gone { padding: 3rem 1rem; text-align: center; color: var(--soft); background: var(--hover); }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: 0.85rem; }
th, td { padding: 0.5rem 1.15rem; border-top: 1px solid var(--rule); vertical-align: baseline; }
thead th { border-top: 0; }
tbody tr:hover { background: var(--hover); }
code { font: 0.9em ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
@media print {
  body { padding: 0; background: none; }
  h1, h2, h3 { break-after: avoid; }
  .chart, .sheet, tr { break-inside: avoid; }
}
`

/** A page from its first line to its heading; the header is still open. `style` adds to the common rules. */
export const pageTop = (title: string, style: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${pageStyle}${style}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>`
