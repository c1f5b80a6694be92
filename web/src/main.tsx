// The page's start: styles, then the app.
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/combobox.css'
import './styles/frame.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { keepOffline } from './offline.ts'
import { applyTheme } from './state/preferences.ts'
import { trustOwn } from './trust.ts'

trustOwn()
applyTheme()
render(<App />, document.getElementById('app')!)
keepOffline()
