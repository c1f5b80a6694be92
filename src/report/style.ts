// What the report of evaluations adds to the style sheet that reports share: wide tables that scroll by themselves, a
// published column that looks like nobody's measurement, protocol blocks, heat.

/** How much of a colour the lowest accuracy is filled with; text on it stays readable. */
export const strongestHeat = 0.38

export const evaluationStyle = `
.lead { color: var(--soft); margin-top: 0.6rem; max-width: 48rem; }
header, main { max-width: 1240px; }
.apart { margin-top: 1rem; padding: 0.9rem 1.15rem; max-width: 52rem; }
.apart p { font-weight: 600; } .apart li { margin-top: 0.35rem; }
.apart ul, .remarks { padding-left: 1.15rem; }
main > section { border-top: 1px solid var(--rule); margin-top: 2.75rem; }
main > section:first-child { border-top: 0; margin-top: 0; }
main > section > h2 { margin-top: 1.9rem; }
section section > h3, details { margin-top: 1.6rem; }
section section > h3 { margin-bottom: 0.7rem; font-size: 1rem; }
.caveat { margin: -0.4rem 0 0.9rem; color: var(--open); font-weight: 550; }
.scroll { overflow-x: auto; border-radius: 12px; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--line-0); outline-offset: 2px; }
.figures th, .figures td, .rows th, .rows td { padding: 0.55rem 0.7rem; }
.figures thead th, .rows thead th { vertical-align: bottom; }
.figures th:first-child, .rows th:first-child { padding-left: 1.15rem; }
.figures tbody th, .rows tbody th, .heat tbody th { color: var(--text); font-size: 0.9rem; }
.figures tbody th, .figures td { white-space: nowrap; }
.figures .number, .heat td, .heat thead th + th { text-align: right; }
.figures .best { font-weight: 680; }
.figures tbody tr.begins ~ tr.begins > *, .rows tbody tr.begins ~ tr.begins > * { border-top-color: var(--soft); }
.figures th.published, .figures td.published {
  border-left: 1px dashed var(--soft); background: var(--hover); color: var(--soft); min-width: 13rem; white-space: normal;
}
.figures td.published { font-style: italic; }
.figures table { border-collapse: separate; border-spacing: 0; }
.figures abbr { text-decoration: none; }
.remarks { margin-top: 0.8rem; color: var(--soft); font-size: 0.875rem; max-width: 52rem; }
.heat td { background: color-mix(in srgb, var(--line-1) calc(var(--heat) * ${100 * strongestHeat}%), var(--card)); border-color: var(--card); }
.heat th, .heat td { padding: 0.3rem 0.8rem; } .heat thead th { max-width: 9rem; vertical-align: bottom; white-space: pre-line; }
.heat tbody th { border-color: transparent; } .heat caption, details > p { padding: 1rem 1.15rem 0.4rem; text-align: left; }
.grids { display: grid; align-items: start; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; }
.grids .sheet { max-width: 46rem; }
.card { overflow: hidden; }
summary { cursor: pointer; font-weight: 600; padding: 0.8rem 1.15rem; }
.facts { padding: 0 1.15rem 1rem; display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: 0.2rem 1.25rem; font-size: 0.9rem; }
.facts dd { overflow-wrap: anywhere; }
.rows { border-top: 1px solid var(--rule); border-radius: 0; }
.rows table { width: auto; min-width: 100%; } .rows td, .rows tbody th { white-space: nowrap; } .rows td.long { white-space: normal; min-width: 14rem; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  body { padding-top: 1.75rem; }
  h1 { font-size: 1.6rem; }
  .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: 0.5rem; }
  .figures td.published { white-space: nowrap; }
  .figures th:first-child, .heat th:first-child { position: sticky; left: 0; background: var(--card); }
}
@media print {
  @page { size: A4 landscape; margin: 14mm; }
  :root { font-size: 11px; } body { font-size: 1rem; }
  .scroll, .card { overflow: visible; }
  .plot text { font-size: 10px; }
  .heat td, .scatter path, .bars rect { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  .charts { grid-template-columns: 1fr 1fr; }
}
`
