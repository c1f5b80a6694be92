// The first figure: a picture as a sequence of tokens. The token one points at is an entry of the codebook, and the entry is a
// small vector.
import { useRef } from 'preact/hooks'
import { type Family, pictureAfter, type Recording, recordings, type Token } from './recorded.ts'
import { FamilyChoice } from './stop.tsx'
import { Tile } from './tile.tsx'
import { usePress } from './use-press.ts'

export interface TokensProps {
  family: Family
  onFamily(family: Family): void
  /** Of the sequence. */
  at: number
  onAt(at: number): void
}

export function Tokens({ family, onFamily, at, onAt }: TokensProps) {
  const recording = recordings[family]
  const token = recording.tokens[at]!
  const grids = <Grids recording={recording} at={at} onAt={onAt} />
  const onePlace = recording.finished === 1
  return (
    <div class="stack">
      <FamilyChoice name="explain-tokens" value={family} onChange={onFamily} />
      <div class="explain-token">
        <Framed recording={recording} token={token} />
        {onePlace && (
          <div class="picture">
            {grids}
            <p class="caption">Its tokens, each decoded alone</p>
          </div>
        )}
        <Atlas recording={recording} entry={token.entry} />
      </div>
      {!onePlace && grids}
      <Entry recording={recording} at={at} />
      <TokenSlider recording={recording} at={at} onAt={onAt} />
    </div>
  )
}

/** The picture so far with the token's place marked. */
function Framed({ recording, token }: { recording: Recording; token: Token }) {
  const { side, row, column, group } = token
  const share = (n: number) => `${(100 * n) / side}%`
  const scales = recording.finished > 1
  return (
    <figure class="picture">
      <div class="picture-frame">
        <Tile
          sheet={recording.sheet}
          index={pictureAfter(recording, token)}
          alt={`A ${recording.class} of 32 by 32 pixels`}
        />
        <span
          class="explain-here"
          style={{ left: share(column), top: share(row), width: share(1), height: share(1) }}
        />
      </div>
      <figcaption class="caption">
        {scales ? `Decoded from scales 1 to ${group + 1} of ${recording.groups.length}` : 'Decoded from all 64 tokens'}
      </figcaption>
    </figure>
  )
}

function Entry({ recording, at }: { recording: Recording; at: number }) {
  const { entry } = recording.tokens[at]!
  const vector = recording.codebook[entry]!
  return (
    <div class="explain-vector">
      <Tile sheet={recording.codes} index={entry} class="explain-swatch" />
      <p>
        Token <strong>{at + 1}</strong> is
        <br />
        entry <strong>{entry}</strong>:
      </p>
      <ol aria-label={`Entry ${entry} as a vector`}>
        {vector.map((value, i) => (
          <li key={`${i}`}>
            <span class="explain-bar">
              <span class={value < 0 ? 'below' : ''} style={{ height: `${Math.min(50, 60 * Math.abs(value))}%` }} />
            </span>
            <span class="explain-value">{value.toFixed(2).replace('-', '−')}</span>
          </li>
        ))}
      </ol>
    </div>
  )
}

/** All entries, with one marked. */
function Atlas({ recording: { codes, model }, entry }: { recording: Recording; entry: number }) {
  const style = { left: `${(100 * (entry % 16)) / 16}%`, top: `${(100 * Math.floor(entry / 16)) / 16}%` }
  return (
    <figure class="picture explain-atlas">
      <div class="picture-frame">
        <img
          class="pixelated"
          src={codes.address}
          width={64}
          height={64}
          alt={`The 256 entries of the codebook of ${model}`}
        />
        <span class="explain-here" style={{ ...style, width: '6.25%', height: '6.25%' }} />
      </div>
      <figcaption class="caption">The codebook: each of its 256 entries, decoded alone</figcaption>
    </figure>
  )
}

/** Tokens as tiles: a grid for every scale, or one of all. */
export function Grids({
  recording,
  at,
  onAt,
  until,
}: {
  recording: Recording
  at: number
  onAt(at: number): void
  until?: number
}) {
  const { tokens, codes } = recording
  const starts = tokens.flatMap(({ row, column }, i) => (row === 0 && column === 0 ? [i] : []))
  const whole = useRef<HTMLDivElement>(null)
  usePress(whole, (target) => {
    const found = target.closest<HTMLElement>('[data-at]')?.dataset.at
    if (found !== undefined) onAt(Number(found))
  })
  return (
    <div class={starts.length > 1 ? 'explain-grids' : 'explain-grids one'} ref={whole} aria-hidden="true">
      {starts.map((start, k) => {
        const own = tokens.slice(start, starts[k + 1])
        const { side } = own[0]!
        return (
          <div
            key={start}
            class="explain-grid"
            style={{ '--columns': side, gridTemplateColumns: `repeat(${side}, minmax(0, 1fr))` }}
          >
            {own.map(({ entry }, i) => (
              <span key={`${i}`} data-at={start + i} class={start + i === at ? 'here' : ''}>
                {start + i < (until ?? tokens.length) && <Tile sheet={codes} index={entry} />}
              </span>
            ))}
          </div>
        )
      })}
    </div>
  )
}

export function TokenSlider({ recording, at, onAt }: { recording: Recording; at: number; onAt(at: number): void }) {
  const { tokens, groups, finished } = recording
  const { group, entry } = tokens[at]!
  const where = finished > 1 ? `scale ${group + 1} of ${groups.length}` : `row ${tokens[at]!.row + 1}`
  return (
    <label class="field">
      <span class="label">
        Token {at + 1} of {tokens.length} <span class="quiet">{where}</span>
      </span>
      <input
        type="range"
        class="slider"
        min={1}
        max={tokens.length}
        value={at + 1}
        aria-valuetext={`${at + 1} of ${tokens.length}, ${where}, entry ${entry}`}
        onInput={(event) => onAt(event.currentTarget.valueAsNumber - 1)}
      />
    </label>
  )
}
