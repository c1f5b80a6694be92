// Links to the other views, the paper, and the code that this project builds on. External links are only loaded when pressed.
import { linkTo, type Settings, type ViewName } from '../../router.ts'

const views: readonly [ViewName, string, string][] = [
  ['same-noise', 'Same noise', 'One noise through every way, side by side'],
  ['walk', 'Noise walk', 'Move through noise and watch the picture follow'],
  ['trajectory', 'Trajectory', 'Noise turning into tokens, group after group'],
  ['report', 'Report', 'What it costs and saves, in figures'],
]

const elsewhere: readonly [string, string, string][] = [
  ['https://arxiv.org/abs/2412.17153', 'The paper', 'Distilled Decoding, arXiv 2412.17153'],
  ['https://github.com/microsoft/distilled_decoding', 'Its code', 'the authors’ networks and samplers'],
  ['https://github.com/FoundationVision/VAR', 'VAR', 'the teacher that draws scale by scale'],
  ['https://github.com/FoundationVision/LlamaGen', 'LlamaGen', 'the teacher that draws token by token'],
]

export function Further({ settings }: { settings: Settings }) {
  return (
    <div class="explain-further">
      <ul>
        {views.map(([name, title, what]) => (
          <li key={name}>
            <a class="card" href={linkTo(name, settings)}>
              <strong>{title}</strong>
              <span class="quiet small">{what}</span>
            </a>
          </li>
        ))}
      </ul>
      <p class="small quiet">
        Elsewhere (opens a new tab):{' '}
        {elsewhere.map(([address, title, what], i) => (
          <span key={address}>
            {i > 0 && ' · '}
            <a href={address} target="_blank" rel="noopener noreferrer">
              {title}
            </a>
            , {what}
          </span>
        ))}
      </p>
    </div>
  )
}
