// The style sheet that reports share: the system's own letters, one column of cards, light and dark, for screens from a
// phone's up and for paper. All text has a contrast of 4.5 to 1 or more to what is behind it (a test computes it).

import { chartStyle } from './chart-style.ts'

/** Custom properties of each colour scheme; `soft` and the lines are text colours, too. */
export const palette = {
  light: {
    page: '#f6f6f4',
    card: '#ffffff',
    text: '#1d1d1f',
    soft: '#63636a',
    rule: '#e2e2de',
    hover: '#fafaf8',
    'line-0': '#2563c9',
    'line-1': '#b25400',
    'line-2': '#1f7d58',
    'line-3': '#8a4fc4',
    good: '#1f7a4d',
    bad: '#c0362c',
    open: '#8a5d00',
  },
  dark: {
    page: '#131315',
    card: '#1c1c1f',
    text: '#ececee',
    soft: '#a0a0a8',
    rule: '#323238',
    hover: '#222226',
    'line-0': '#6ea2ff',
    'line-1': '#f2a24c',
    'line-2': '#5cc79b',
    'line-3': '#bb8cf0',
    good: '#5cc98f',
    bad: '#ff7b6e',
    open: '#e0b04c',
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
h3 small { font-size: 0.8rem; }
small { font-weight: 400; }
small, dt, time, .sheet figcaption { color: var(--soft); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 1rem; }
.sheet, .card { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; }
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
${chartStyle}
@media print {
  body { padding: 0; background: none; }
  h1, h2, h3 { break-after: avoid; }
  .chart, .sheet, tr { break-inside: avoid; }
}
`
