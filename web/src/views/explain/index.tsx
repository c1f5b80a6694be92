// Explains one-step sampling to newcomers: six stops, each with a figure, from a token to what one step gains and loses.
// The first two replay recordings of the embedded teachers, the third computes in the page, the fourth and fifth ask the model.
import './explain.css'
import { useEffect, useState } from 'preact/hooks'
import type { ViewProps } from '../props.ts'
import { families } from '../report/results.ts'
import { Choices, Independent } from './choices.tsx'
import { Further } from './further.tsx'
import { Losses } from './losses.tsx'
import { Race } from './race.tsx'
import { type Family, recordings } from './recorded.ts'
import { Stop } from './stop.tsx'
import { Tokens } from './tokens.tsx'
import { Toy } from './toy.tsx'

export default function Explain(props: ViewProps) {
  const { model, settings } = props
  const [family, setFamily] = useState<Family>(model.family)
  const [at, setAt] = useState(27)
  useEffect(() => setFamily(model.family), [model.family])
  const token = Math.min(at, recordings[family].tokens.length - 1)
  const own = families.find(({ student }) => student === model.id) ?? families[0]!
  const [teacher, one] = ['teacher', 'one step'].map((name) => own.rows.find((row) => row.name === name)!)
  return (
    <div class="view explain">
      <header class="view-head">
        <h1>How a picture is made in one step</h1>
        <p class="lead">
          Models that draw token by token need many steps. Distilled Decoding trains a network to take them all at once.
          This page explains it in six parts, each with a figure to try.
        </p>
      </header>

      <Stop
        number={1}
        title="A picture is a sequence of tokens"
        figure={<Tokens family={family} onFamily={setFamily} at={token} onAt={setAt} />}
      >
        <p>
          A network called the <em>tokenizer</em> turns a picture into tokens. Each token is the number of an entry in a{' '}
          <em>codebook</em>, and an entry is a small vector: here, one of 256 lists of 8 numbers. Its <em>decoder</em>{' '}
          turns the vectors back into pixels.
        </p>
        <p>
          <strong>VAR</strong> writes a picture on grids that get finer: 1, 2, 3, 4, 6 and 8 tokens wide, 130 in all.
          Each scale adds what the ones before it lack. <strong>LlamaGen</strong> writes one grid of 8 × 8, row by row.
        </p>
      </Stop>

      <Stop
        number={2}
        title="The teacher chooses them in many steps"
        figure={<Choices family={family} onFamily={setFamily} />}
      >
        <p>
          The <em>teacher</em> is an auto-regressive model: it knows the class and all tokens so far, and gives every
          entry a probability to be the next one. An entry is drawn, then the network runs again. LlamaGen runs 64
          times; VAR computes a whole scale at once and runs 6 times.
        </p>
        <p>
          The probabilities you see are those that {recordings[family].model} really had for this{' '}
          {recordings[family].class}, with guidance {recordings[family].guidance}, which turns them towards the class.
        </p>
        <p>Why not draw all tokens at once? Because they depend on each other. Drawn independently, they make this:</p>
        <Independent family={family} />
      </Stop>

      <Stop number={3} title="Noise can take the place of chance" figure={<Toy />}>
        <p>
          Drawing an entry is random. <em>Flow matching</em> moves all randomness to the beginning: a token starts as
          Gaussian noise, here a point of the plane, and an ODE moves it. The ODE is computed from the probabilities, is
          deterministic, and ends exactly on an entry.
        </p>
        <p>
          So the plane falls into cells: all noise of a cell ends on the same entry, and each cell holds just as much of
          the noise as its entry is probable. Solving the ODE <em>is</em> drawing, but repeatable.
        </p>
        <p>
          In the models, entries have 8 numbers and there are 256 of them. Token after token, or scale after scale, the
          teacher gives the probabilities and the noise of each token leads to its entry: one noise gives one picture.
        </p>
        <details>
          <summary>The formula</summary>
          <p class="explain-formula">
            d<i>x</i>/d<i>t</i> = (<i>D</i> − <i>x</i>) / (1 − <i>t</i>),{' '}
            <span>
              <i>D</i>(<i>x</i>, <i>t</i>) = Σ<sub>j</sub> <i>w</i>
              <sub>j</sub> <i>c</i>
              <sub>j</sub>,
            </span>{' '}
            <span>
              <i>w</i> = softmax<sub>j</sub>( log <i>p</i>
              <sub>j</sub> − |<i>x</i> − <i>t c</i>
              <sub>j</sub>|² / 2(1 − <i>t</i>)² )
            </span>
          </p>
          <p class="small quiet">
            <i>c</i>
            <sub>j</sub> are the entries, <i>p</i>
            <sub>j</sub> their probabilities. <i>D</i> is the mean of the entries, each weighted by how well it explains{' '}
            <i>x</i> at that time, and <i>x</i> moves towards it. The figure takes 32 steps of the solver that the
            library uses, too.
          </p>
        </details>
      </Stop>

      <Stop number={4} title="The student learns the whole map" figure={<Race {...props} />}>
        <p>
          From noise to picture there is now a fixed map, but a slow one. The <em>student</em> learns it. It starts from
          the teacher’s weights and is shown pairs that the teacher made: class and noise, and the tokens they lead to.
          No other pictures. It learns to give all tokens in a single pass, the first ones as entries, the others as
          vectors for the decoder.
        </p>
        <p>
          The students of the embedded models learned from {own.pairs.toLocaleString('en-US')} pairs each. How the
          authors trained theirs is known in outline only, as no training code was released; our training is a
          reconstruction.
        </p>
      </Stop>

      <Stop number={5} title="What is lost, and what helps" figure={<Losses {...props} />}>
        <p>
          One pass does not hit every token. Over 10,000 pictures, one step of {own.student} is{' '}
          {one!.relative.toFixed(1)} times as far from real sprites as its teacher, and {one!.speedup!.toFixed(1)} times
          as fast; {(100 * one!.accuracy).toFixed(1)}&nbsp;% of its pictures are still taken for what they should be
          (the teacher’s: {(100 * teacher!.accuracy).toFixed(1)}&nbsp;%).
        </p>
        <p>
          <strong>Two steps:</strong> keep the first groups of tokens, put the noise back on the rest, and ask the
          student once more.
        </p>
        <p>
          <strong>With the teacher:</strong> it draws some of the early groups itself, and the student does the rest.
        </p>
      </Stop>

      <Stop number={6} title="Where to go on">
        <Further settings={settings} />
      </Stop>
    </div>
  )
}
