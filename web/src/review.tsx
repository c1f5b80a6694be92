// The start of the page that `distilled review open` serves: the app's styles, and the one view that needs no model.
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import { render } from 'preact'
import Review from './views/review/index.tsx'

render(<Review />, document.getElementById('app')!)
