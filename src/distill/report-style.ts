// Additions of a run's report to the common style sheet: outcome, figures, sheets in a row, settings.

export const runStyle = `
.status { margin-top: 0.6rem; display: flex; gap: 0.75rem; align-items: center; }
.status span { font-size: 0.8rem; font-weight: 600; padding: 0.1rem 0.65rem; border-radius: 1rem; border: 1px solid; }
.status .finished { color: var(--good); } .status .failed { color: var(--bad); } .status .unfinished { color: var(--open); }
.message { margin-top: 0.75rem; color: var(--bad); white-space: pre-wrap; overflow-wrap: anywhere; }
.tiles {
  display: flex; flex-wrap: wrap; gap: 1px; margin-top: 1.75rem;
  background: var(--rule); border: 1px solid var(--rule); border-radius: 12px; overflow: hidden;
}
.tiles div { flex: 1 1 auto; background: var(--card); padding: 0.95rem 1.15rem; }
.tiles dd { font-size: 1.35rem; font-weight: 600; letter-spacing: -0.015em; white-space: nowrap; }
.tiles dt { font-size: 0.85rem; white-space: nowrap; }
.charts .chart:first-child, .charts .chart:last-child:nth-child(even) { grid-column: 1 / -1; }
.charts .chart:first-child .plot { height: 300px; }
.sheets { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1rem; }
.settings { overflow-x: auto; background: var(--card); border: 1px solid var(--rule); border-radius: 12px; }
td:last-child { color: var(--soft); min-width: 14rem; }
td.value, td.value:last-child { color: var(--text); font-weight: 550; white-space: nowrap; }
td span { font-size: 0.8rem; color: var(--soft); white-space: nowrap; }
td .changed { color: var(--line-1); font-weight: 600; }
`
