// The second figure: the teacher samples. For every token its real conditional, the drawn entry, and the picture so far; below,
// pictures whose tokens are drawn independently of each other.
import { useEffect, useState } from 'preact/hooks'
import { type Family, pictureBefore, type Recording, recordings, type Token } from './recorded.ts'
import { FamilyChoice } from './stop.tsx'
import { Tile } from './tile.tsx'
import { Grids, TokenSlider } from './tokens.tsx'

export interface ChoicesProps {
  family: Family
  onFamily(family: Family): void
}

/** Tokens a second while it plays. */
const pace = 6

export function Choices({ family, onFamily }: ChoicesProps) {
  const recording = recordings[family]
  const last = recording.tokens.length - 1
  const [at, setAt] = useState(() => Math.min(27, last))
  const [playing, setPlaying] = useState(false)
  const place = Math.min(at, last)
  const token = recording.tokens[place]!
  useEffect(() => {
    if (!playing) return
    const timer = setInterval(() => setAt((old) => Math.min(old + 1, last)), 1000 / pace)
    return () => clearInterval(timer)
  }, [playing, last])
  useEffect(() => {
    if (place === last) setPlaying(false)
  }, [place, last])
  const play = () => {
    if (!playing && place === last) setAt(0)
    setPlaying(!playing)
  }
  return (
    <div class="stack">
      <FamilyChoice name="explain-choices" value={family} onChange={onFamily} />
      <div class="explain-choice">
        <SoFar recording={recording} at={place} onAt={setAt} />
        <Conditional recording={recording} token={token} at={place} />
      </div>
      <div class="explain-play">
        <button type="button" class="button small" onClick={play}>
          {playing ? 'Pause' : 'Play'}
        </button>
        <TokenSlider recording={recording} at={place} onAt={setAt} />
      </div>
    </div>
  )
}

/** The teacher's context for its choice: the tokens before this one, or the scales before this one. */
function SoFar({ recording, at, onAt }: { recording: Recording; at: number; onAt(at: number): void }) {
  const token = recording.tokens[at]!
  if (recording.finished === 1) {
    return (
      <div class="explain-so-far">
        <Grids recording={recording} at={at} onAt={onAt} until={at + 1} />
        <p class="caption">The {at + 1 === 1 ? 'first token' : `first ${at + 1} tokens`} of 64</p>
      </div>
    )
  }
  const before = pictureBefore(recording, token)
  return (
    <figure class="picture explain-so-far">
      <div class="picture-frame">
        {before !== undefined && (
          <Tile sheet={recording.sheet} index={before} alt="The picture from the scales before" />
        )}
        <span class="explain-here" style={spot(token)} />
      </div>
      <figcaption class="caption">
        {token.group === 0 ? 'Nothing is drawn yet' : `What scales 1 to ${token.group} have drawn`}
      </figcaption>
    </figure>
  )
}

function spot({ side, row, column }: Token) {
  const share = (n: number) => `${(100 * n) / side}%`
  return { left: share(column), top: share(row), width: share(1), height: share(1) }
}

function Conditional({ recording, token, at }: { recording: Recording; token: Token; at: number }) {
  const { likely, entry } = token
  const rest = Math.max(0, 1 - likely.reduce((sum, { probability }) => sum + probability, 0))
  const among = likely.some((one) => one.entry === entry)
  return (
    <div class="stack explain-conditional">
      <p class="label">Probabilities of token {at + 1}</p>
      <ol>
        {likely.map(({ entry: one, probability }) => (
          <li key={one} class={one === entry ? 'drawn' : ''}>
            <Tile sheet={recording.codes} index={one} class="explain-swatch" />
            <Bar name={`entry ${one}`} share={probability} drawn={one === entry} />
          </li>
        ))}
        <li class={among ? '' : 'drawn'}>
          {among ? (
            <span class="explain-swatch" />
          ) : (
            <Tile sheet={recording.codes} index={entry} class="explain-swatch" />
          )}
          <Bar name={`${recording.codebook.length - likely.length} others`} share={rest} drawn={!among} />
        </li>
      </ol>
    </div>
  )
}

function Bar({ name, share, drawn }: { name: string; share: number; drawn: boolean }) {
  return (
    <span class="explain-share">
      <span class="explain-share-name">
        {name} {drawn && <b>drawn</b>}
      </span>
      <span class="explain-track">
        <span style={{ width: `${100 * share}%` }} />
      </span>
      <span class="explain-percent">{share < 0.0995 ? (100 * share).toFixed(1) : Math.round(100 * share)} %</span>
    </span>
  )
}

/** Pictures whose tokens were drawn independently. */
export function Independent({ family }: { family: Family }) {
  const { sheet, finished, independent, class: name } = recordings[family]
  return (
    <figure class="explain-independent">
      <div>
        {Array.from({ length: independent }, (_, k) => (
          <Tile key={`${k}`} sheet={sheet} index={finished + k} alt={`A failed ${name}`} class="explain-small" />
        ))}
      </div>
      <figcaption class="caption">
        Every token drawn by itself, as often as 200 of the teacher’s {name}s have it at that place
      </figcaption>
    </figure>
  )
}
