// The index page of a server without a web app: the list of its routes.
import { renderToString } from 'preact-render-to-string'
import type { Route } from './route.ts'

/** All routes on one page, without a script or a style. */
export const indexPage = (routes: readonly Pick<Route, 'method' | 'path' | 'summary'>[]): string =>
  `<!doctype html>${renderToString(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>distilled-decoding</title>
      </head>
      <body>
        <h1>distilled-decoding</h1>
        <p>
          This server makes images of classes. Its description for programs: <a href="/openapi.json">/openapi.json</a>.
        </p>
        <table>
          {routes.map(({ method, path, summary }) => (
            <tr key={`${method} ${path}`}>
              <td>{method}</td>
              <td>
                <code>{path}</code>
              </td>
              <td>{summary}</td>
            </tr>
          ))}
        </table>
      </body>
    </html>,
  )}`
