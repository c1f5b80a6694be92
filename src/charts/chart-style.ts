// The style sheet of charts, for reports and for the web app. The page gives the colours: --card, --text, --soft, --rule (hairlines)
// and --line-0 to --line-3 (series).

export const chartStyle = `
.chart { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; padding: 1.1rem 1rem 0.75rem; min-width: 0; }
.chart figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.15rem 1rem; }
.chart small { font-weight: 400; color: var(--soft); } .chart h3 small { margin-left: 0.3em; }
.chart .legend { display: flex; flex-wrap: wrap; gap: 0 0.9rem; font-size: 0.8125rem; color: var(--soft); }
.chart .legend i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin: 0 0.45em 0.22em 0; background: var(--ink); }
.chart .legend b { font-weight: 600; color: var(--text); margin-left: 0.2em; }
.chart .key { vertical-align: -1px; margin-right: 0.4em; overflow: visible; } .chart .key path { fill: var(--ink); }
.chart .plot { height: 190px; padding: 14px 10px 30px 44px; }
.chart .plot svg { display: block; width: 100%; height: 100%; overflow: visible; }
.chart .plot line { stroke: var(--rule); stroke-width: 1; shape-rendering: crispEdges; }
.chart .plot text { fill: var(--soft); font-size: 12px; }
.chart .plot .y { text-anchor: end; dominant-baseline: central; } .chart .plot .x { text-anchor: middle; }
.chart .plot path { fill: none; stroke: var(--ink); vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-linecap: round; }
.chart .plot .curve { stroke-width: 1.75; } .chart .plot .dots { stroke-width: 6; }
.chart .plot .band { fill: var(--ink); fill-opacity: 0.14; stroke: none; }
.chart.scatter .plot { height: 344px; padding: 4px 14px 40px 44px; }
.chart .axis { font-size: 0.8rem; color: var(--soft); margin: 0.5rem 0 0.4rem; }
.chart .below { text-align: right; margin: -0.9rem 0.9rem 0.4rem 0; }
.chart .plot .mark { fill: var(--ink); stroke-width: 2; } .chart .plot .hollow { fill: var(--card); }
.chart .plot .join { stroke-width: 1.25; stroke-opacity: 0.55; }
.chart .plot .name { fill: var(--text); dominant-baseline: central; paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.chart.bars .plot { padding: 10px 60px 0 0; } .chart rect { fill: var(--ink); }
.chart .plot .end { fill: var(--text); dominant-baseline: central; } .chart.bars .plot line { stroke: var(--soft); }
.chart.line-0, .chart .line-0 { --ink: var(--line-0); } .chart .line-1 { --ink: var(--line-1); }
.chart .line-2 { --ink: var(--line-2); } .chart .line-3 { --ink: var(--line-3); }
`
