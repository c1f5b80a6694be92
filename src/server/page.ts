// The index page of a server without a web app: the list of its routes.
import type { Route } from './route.ts'

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** All routes on one page, without a script or a style. */
export function indexPage(routes: readonly Route[]): string {
  const rows = routes.map(
    ({ method, path, summary }) =>
      `<tr><td>${method}</td><td><code>${escaped(path)}</code></td><td>${escaped(summary)}</td></tr>`,
  )
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>distilled-decoding</title></head>
<body>
<h1>distilled-decoding</h1>
<p>This server makes images of classes. Its description for programs: <a href="/openapi.json">/openapi.json</a>.</p>
<table>
${rows.join('\n')}
</table>
</body>
</html>
`
}
