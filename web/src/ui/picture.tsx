// A picture: few pixels shown large and crisp, with a caption. An empty frame keeps its place until it is there.
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** An object URL of a blob for as long as the component shows it. */
export function useBlobUrl(blob: Blob | undefined): string | undefined {
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    if (!blob) return setUrl(undefined)
    const made = URL.createObjectURL(blob)
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])
  return url
}

export interface PictureProps {
  /** Undefined shows an empty frame. */
  png: Blob | undefined
  /** Text alternative. */
  alt: string
  /** Shows that it is being made. */
  working?: boolean
  /** The caption. */
  children?: ComponentChildren
}

/** A figure as wide as its place. */
export function Picture({ png, alt, working = false, children }: PictureProps) {
  return (
    <figure class={working ? 'picture working' : 'picture'}>
      <div class="picture-frame">
        <PngImage png={png} alt={alt} />
      </div>
      {children !== undefined && <figcaption class="caption">{children}</figcaption>}
    </figure>
  )
}

/** The image alone; while the next one is decoded, the last one stays. */
export function PngImage({ png, alt }: { png: Blob | undefined; alt: string }) {
  const url = useBlobUrl(png)
  return url === undefined ? null : <img class="pixelated" src={url} alt={alt} draggable={false} />
}
