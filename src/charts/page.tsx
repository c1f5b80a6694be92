// A report as one HTML file: no script, nothing fetched. Preact escapes what stands in it; what cannot be seen is shown by number.
import type { ComponentChildren, VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { printable } from '../core/show.ts'
import { pageStyle } from './page-style.ts'

export interface ReportPageProps {
  title: string
  /** The command that writes it; `pageMark` finds it. */
  generator: string
  /** Added to the style that reports share. */
  style: string
  /** Below the heading. */
  lead: ComponentChildren
  children: ComponentChildren
}

export const ReportPage = ({ title, generator, style, lead, children }: ReportPageProps) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="generator" content={generator} />
      <title>{title}</title>
      <style dangerouslySetInnerHTML={{ __html: pageStyle + style }} />
    </head>
    <body>
      <header>
        <h1>{title}</h1>
        {lead}
      </header>
      <main>{children}</main>
    </body>
  </html>
)

/** Tells the pages of a command (files/replacing.ts). */
export const pageMark = (generator: string): RegExp => new RegExp(`<meta name="generator" content="${generator}"`)

/** The file's text. */
export const renderPage = (page: VNode): string => `<!doctype html>\n${printable(renderToString(page))}\n`

export interface SheetProps {
  /** Address of the image; undefined when the file is gone. */
  source: string | undefined
  small: boolean
  alt: string
  children: ComponentChildren
}

/** An image of a report with its caption; few pixels are shown as squares. */
export function Sheet({ source, small, alt, children }: SheetProps) {
  return (
    <figure class="sheet">
      {source ? <img src={source} alt={alt} class={small ? 'small' : undefined} /> : <div class="gone">no image</div>}
      <figcaption>{children}</figcaption>
    </figure>
  )
}
