// Header and footer of the page: navigation, model, engine and theme, and a line that says what runs where.
import { useEffect, useRef } from 'preact/hooks'
import type { Engine } from '../state/engine.ts'
import { type Theme, themes, useTheme } from '../state/preferences.ts'
import { EngineSwitch } from './engine-switch.tsx'
import { Icon } from './icon.tsx'

export interface FrameHeadProps {
  links: readonly { name: string; title: string; href: string; current: boolean }[]
  engine: Engine
  onModel(id: string): void
}

export function FrameHead({ links, engine, onModel }: FrameHeadProps) {
  const { models, model } = engine
  const nav = useRef<HTMLElement>(null)
  const here = links.find(({ current }) => current)?.name
  useEffect(() => {
    const link = nav.current?.querySelector<HTMLElement>('[aria-current]')
    if (link) nav.current!.scrollLeft = link.offsetLeft - nav.current!.clientWidth / 2 + link.offsetWidth / 2
  }, [here])
  return (
    <header class="frame-head">
      <a class="skip button" href={location.hash || '#'} onClick={skip}>
        Skip to the content
      </a>
      <a class="wordmark" href="#/generate">
        <Logo />
        <span>Distilled Decoding</span>
      </a>
      <div class="frame-tools">
        {models.length > 1 && (
          <select
            class="select small"
            aria-label="Model"
            value={model?.id}
            onChange={(event) => onModel(event.currentTarget.value)}
          >
            {models.map(({ id }) => (
              <option key={id}>{id}</option>
            ))}
          </select>
        )}
        <EngineSwitch engine={engine} />
        <ThemeButton />
      </div>
      <nav ref={nav} class="nav" aria-label="Views">
        {links.map(({ name, title, href, current }) => (
          <a key={name} href={href} aria-current={current ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
    </header>
  )
}

/** The hash names the view, so a link into the page moves the focus itself. */
function skip(event: MouseEvent): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

/** Noise on the left, its picture on the right: one step. */
const Logo = () => (
  <svg viewBox="0 0 24 24" aria-hidden="true">
    <rect width="24" height="24" rx="6" fill="var(--accent)" />
    <path
      fill="var(--on-accent)"
      d="M5 5h2v2H5zm4 3h2v2H9zM5 10h2v2H5zm3 3h2v2H8zm-3 4h2v2H5zm5 0h1v2h-1zM9 5h1v1H9zM13 8.5a3.5 3.5 0 1 1 0 7z"
    />
  </svg>
)

function ThemeButton() {
  const [theme, setTheme] = useTheme()
  const next = themes[(themes.indexOf(theme) + 1) % themes.length]!
  const names: Record<Theme, string> = { system: 'system', light: 'light', dark: 'dark' }
  return (
    <button
      type="button"
      class="button plain square theme"
      title={`Colours: ${names[theme]}`}
      aria-label={`Colours: ${names[theme]}. Change to ${names[next]}`}
      onClick={() => setTheme(next)}
    >
      <Icon name={theme === 'light' ? 'sun' : theme === 'dark' ? 'moon' : 'contrast'} />
    </button>
  )
}

export function FrameFoot({ engine }: { engine: Engine }) {
  const { kind, model, opened, status } = engine
  const where = kind === 'server' ? 'on the server' : 'in this page'
  const threads = opened?.threads ? `, ${opened.threads} ${opened.threads === 1 ? 'thread' : 'threads'}` : ''
  return (
    <footer class="frame-foot">
      <span class="device">
        {status === 'ready' && model && opened ? `${model.id} ${where}: ${opened.device}${threads}` : `Engine ${where}`}
      </span>
      {opened?.notes.map((note) => (
        <span key={note}>{note}</span>
      ))}
      <span class="origin">All pictures are AI-generated; nothing leaves this page’s origin.</span>
    </footer>
  )
}
