// The review page's style: a quiet desk, light and dark, on which the image is the only colourful thing. Every text colour
// stands out from what is behind it by 4.5 to 1 or more (a test computes it); states have a word and a sign, never a colour alone.

import { customProperties } from '../charts/page-style.ts'

/** Custom properties of each colour scheme. */
export const palette = {
  light: {
    ...{ page: '#f5f5f3', card: '#ffffff', stage: '#e9e9e6', text: '#1b1c1f', soft: '#5b5d64', rule: '#dadad5' },
    ...{ focus: '#1f5fbf', accept: '#17693f', flag: '#b3291f', open: '#7a5200', on: '#ffffff' },
  },
  dark: {
    ...{ page: '#141517', card: '#1d1e21', stage: '#0c0d0e', text: '#eceded', soft: '#a4a6ad', rule: '#34363b' },
    ...{ focus: '#7fb2ff', accept: '#63d096', flag: '#ff8a7d', open: '#e5b95a', on: '#101113' },
  },
} as const

export const pageStyle = `
:root { color-scheme: light dark; ${customProperties(palette.light)} }
@media (prefers-color-scheme: dark) { :root { ${customProperties(palette.dark)} } }
* { box-sizing: border-box; margin: 0; }
[hidden] { display: none !important; }
body {
  height: 100vh; min-height: 38rem; display: flex; flex-direction: column; gap: 0.75rem; padding: 0.9rem clamp(0.9rem, 2vw, 1.75rem) 1rem;
  background: var(--page); color: var(--text); font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
h1 { font-size: 1.15rem; font-weight: 650; letter-spacing: -0.01em; }
h1 small { font-weight: 400; font-size: 0.95rem; color: var(--soft); margin-left: 0.35em; }
button, select, input, textarea { font: inherit; color: inherit; }
button, select { min-height: 2.25rem; border: 1px solid var(--rule); border-radius: 9px; background: var(--card); padding: 0 0.8rem; }
button { cursor: pointer; }
button:hover { border-color: var(--soft); }
button:disabled { cursor: default; color: var(--soft); border-color: var(--rule); }
:focus-visible, .filters input:focus-visible + span { outline: 3px solid var(--focus); outline-offset: 2px; }
kbd {
  display: inline-block; min-width: 1.6em; padding: 0 0.4em; text-align: center; font: 600 0.8em/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  border: 1px solid currentcolor; border-radius: 5px;
}
small, dt, .over, .synonyms, .said, legend, .filters label, summary { color: var(--soft); }

header { display: flex; align-items: center; gap: 0.6rem 1rem; flex-wrap: wrap; }
.progress { flex: 1 1 16rem; display: flex; align-items: center; gap: 0.8rem; }
progress { flex: 1; appearance: none; border: 0; height: 8px; border-radius: 4px; background: var(--rule); overflow: hidden; }
progress::-webkit-progress-bar { background: var(--rule); }
progress::-webkit-progress-value { background: var(--accept); border-radius: 4px; transition: inline-size 0.2s; }
progress::-moz-progress-bar { background: var(--accept); border-radius: 4px; }
#help-button { width: 2.25rem; padding: 0; font-weight: 650; }

.filters { display: flex; flex-wrap: wrap; align-items: center; gap: 0.6rem 1.1rem; }
.filters select { margin-left: 0.4rem; color: var(--text); max-width: 19rem; }
fieldset { border: 0; padding: 0; display: flex; align-items: center; border-radius: 9px; }
legend { float: left; margin-right: 0.5rem; padding: 0; }
.filters fieldset label { display: block; position: relative; }
.filters fieldset input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; z-index: 1; cursor: pointer; }
.filters fieldset span {
  display: block; padding: 0.4rem 0.75rem; background: var(--card); border: 1px solid var(--rule); margin-left: -1px; cursor: pointer;
}
.filters fieldset label:first-of-type span { border-radius: 9px 0 0 9px; }
.filters fieldset label:last-of-type span { border-radius: 0 9px 9px 0; }
.filters fieldset b { font-weight: 400; margin-left: 0.15em; }
.filters input:checked + span { background: var(--text); border-color: var(--text); color: var(--page); }
.banner { border: 1px solid var(--flag); border-left-width: 6px; border-radius: 9px; background: var(--card); padding: 0.5rem 0.9rem; }
.banner ul { padding: 0.4rem 0 0.2rem 1.2rem; max-height: 9rem; overflow: auto; overflow-wrap: anywhere; }
.banner summary { color: var(--text); }

main { flex: 1; display: grid; grid-template-columns: minmax(0, 1fr) minmax(18rem, 23rem); gap: 0.9rem; min-height: 0; }
.stage, aside, .strip { border-radius: 14px; border: 1px solid var(--rule); }
.stage {
  background: var(--stage); display: grid; grid-template-columns: auto minmax(0, 1fr) auto; align-items: center; justify-items: center;
  gap: 0.5rem; padding: 0 0.75rem; container-type: size; min-height: 0;
}
.turn { background: none; border-color: transparent; padding: 0; width: 2.75rem; height: 4.5rem; border-radius: 12px; }
.turn svg { width: 1.6rem; fill: none; stroke: currentcolor; stroke-width: 2.2; stroke-linecap: round; stroke-linejoin: round; vertical-align: middle; }
.turn:disabled { opacity: 0.35; }
.turn:hover:not(:disabled) { background: var(--card); border-color: var(--rule); }
.frame {
  position: relative; width: min(100cqw - 8.5rem, 100cqh - 3rem); aspect-ratio: 1; border-radius: 10px; outline: 4px solid transparent; outline-offset: 5px;
}
.frame img { display: block; width: 100%; height: 100%; border-radius: 8px; background: var(--rule); }
.frame.small img { image-rendering: pixelated; }
.frame.accepted { outline-color: var(--accept); } .frame.flagged { outline-color: var(--flag); }
.badge {
  position: absolute; top: 0.7rem; left: 0.7rem; padding: 0.35rem 0.75rem; border-radius: 99px; font-weight: 650; line-height: 1.2; color: var(--on);
}
.badge:empty { display: none; }
.accepted .badge { background: var(--accept); } .flagged .badge { background: var(--flag); }
#empty { grid-column: 2; grid-row: 1; text-align: center; max-width: 26rem; font-size: 1.1rem; text-wrap: balance; }

aside { background: var(--card); padding: 1.2rem 1.3rem; display: flex; flex-direction: column; gap: 0.35rem; min-width: 0; overflow-y: auto; }
.over { font-size: 0.9rem; }
h2 { font-size: 1.75rem; line-height: 1.15; font-weight: 650; letter-spacing: -0.02em; overflow-wrap: anywhere; }
h2 small { font-weight: 400; letter-spacing: 0; font-size: 1.05rem; margin-right: 0.45em; }
.synonyms:empty { display: none; }
.standing { margin-top: 0.5rem; font-weight: 600; }
.standing.accepted { color: var(--accept); } .standing.flagged { color: var(--flag); } .standing.open { color: var(--open); }
blockquote { border-left: 3px solid var(--rule); padding: 0.1rem 0 0.1rem 0.8rem; margin: 0.3rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
blockquote small { display: block; }
.actions { display: grid; grid-template-columns: 1fr 1fr; gap: 0.5rem; margin-top: 0.8rem; }
.actions button { min-height: 2.9rem; display: flex; align-items: center; gap: 0.6rem; font-weight: 600; padding: 0 0.9rem; }
.actions .accept { border-color: var(--accept); color: var(--accept); } .actions .flag { border-color: var(--flag); color: var(--flag); }
.actions .accept:hover, .actions .accept[aria-pressed="true"] { background: var(--accept); color: var(--on); }
.actions .flag:hover, .actions .flag[aria-pressed="true"] { background: var(--flag); color: var(--on); }
.said { min-height: 1.5em; margin-top: 0.4rem; }
aside details { margin-top: auto; border-top: 1px solid var(--rule); padding-top: 0.6rem; }
summary { cursor: pointer; border-radius: 4px; }
dl { font-size: 0.85rem; line-height: 1.4; margin-top: 0.5rem; display: grid; gap: 0.25rem; }
dl div { display: grid; grid-template-columns: 4.25rem minmax(0, 1fr); gap: 0.5rem; }
dd { margin: 0; overflow-wrap: anywhere; }

.strip { background: var(--card); padding: 0.7rem 0.9rem 0.8rem; }
h3 { font-size: 0.9rem; font-weight: 400; color: var(--soft); margin-bottom: 0.5rem; }
.strip ol { list-style: none; padding: 4px; margin: -4px; display: flex; gap: 0.5rem; overflow-x: auto; scrollbar-width: thin; }
.strip button { position: relative; display: block; width: 4.5rem; height: 4.5rem; padding: 0; border: 0; border-radius: 9px; background: var(--rule); flex: none; }
.strip img { display: block; width: 100%; height: 100%; border-radius: 9px; object-fit: cover; }
.strip .small img { image-rendering: pixelated; }
.strip [aria-current="true"] { box-shadow: 0 0 0 2px var(--card), 0 0 0 5px var(--focus); margin: 0 3px; }
.strip .mark {
  position: absolute; right: -4px; bottom: -4px; width: 1.45rem; height: 1.45rem; border-radius: 50%; border: 2px solid var(--card);
  color: var(--on); font: 700 0.8rem/1.2rem system-ui, sans-serif; text-align: center;
}
.strip .accepted .mark { background: var(--accept); } .strip .flagged .mark { background: var(--flag); }
.strip .open .mark { display: none; }

dialog {
  margin: auto; width: min(30rem, calc(100vw - 2rem)); border: 1px solid var(--rule); border-radius: 16px; padding: 1.5rem; background: var(--card); color: var(--text);
  box-shadow: 0 20px 60px rgb(0 0 0 / 0.35);
}
dialog::backdrop { background: rgb(0 0 0 / 0.45); }
dialog h2 { font-size: 1.35rem; margin-bottom: 0.5rem; }
dialog p { color: var(--soft); margin-bottom: 0.9rem; }
dialog label { display: block; }
dialog input, dialog textarea { display: block; width: 100%; margin-top: 0.35rem; padding: 0.55rem 0.7rem; border: 1px solid var(--soft); border-radius: 9px; background: var(--page); }
dialog input { font-size: 1.3rem; letter-spacing: 0.08em; text-transform: uppercase; }
dialog textarea { resize: vertical; }
.row { display: flex; align-items: center; justify-content: flex-end; gap: 0.5rem; margin-top: 1rem; }
.row small { flex: 1; }
.primary { background: var(--text); border-color: var(--text); color: var(--page); font-weight: 600; }
.keys { margin: 0 0 1rem; font-size: 1rem; gap: 0.45rem; }
.keys div { grid-template-columns: 8.5rem minmax(0, 1fr); }

@media (max-width: 800px) {
  body { height: auto; }
  main { grid-template-columns: minmax(0, 1fr); flex: none; }
  .stage { height: min(100vw, 34rem); padding: 0 0.25rem; gap: 0.1rem; } .turn { width: 2rem; }
  .frame { width: min(100cqw - 5.5rem, 100cqh - 2rem); }
  .filters { gap: 0.5rem; } .filters label { flex: 1 1 9rem; } .filters select { width: 100%; margin: 0.2rem 0 0; }
  .filters fieldset { width: 100%; } .filters fieldset label { flex: 1; } .filters fieldset span { padding: 0.4rem 0.3rem; text-align: center; }
  legend { display: none; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; scroll-behavior: auto !important; } }
@media (forced-colors: active) { .badge, .mark { border: 1px solid; } .filters input:checked + span { outline: 2px solid; } }
`
