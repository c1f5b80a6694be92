// The protocol of the measurements, which makes the figures reproducible.
import { classifierSha256, type FamilyResults } from './results.ts'

export function Protocol({ families }: { families: readonly FamilyResults[] }) {
  const [{ samples, measured, device, threads }] = families as [FamilyResults]
  const many = samples.toLocaleString('en-US')
  const each = (text: (results: FamilyResults) => string) =>
    families.map((one) => `${one.title}: ${text(one)}`).join('; ')
  const facts: [string, string][] = [
    ['Samples', `${many} a row, rounded to 8 bits; labels i mod 12; noise Philox(5, i)`],
    ['Reference', `${many} sprites, drawn with seed 1000 (training: seed 0), the same labels`],
    [
      'Features',
      '128 of the sprite classifier, 32 × 32 pixels. Not Inception: figures compare samplers of the sprites only',
    ],
    ['Classifier', `models/sprites-classifier.safetensors, SHA-256 ${classifierSha256}`],
    ['Fréchet distance', 'between two Gaussians fitted to the features of samples and reference, float64'],
    [
      'Precision, recall',
      'share of samples that lie no farther from some sprite of the reference than its third nearest neighbour, and the other way round',
    ],
    ['Class accuracy', 'share of samples that the classifier takes for the class that was asked for'],
    [
      'Teacher',
      `guidance ${each(({ guidance, family }) => `${guidance}${family === 'var' ? ', growing with the scale' : ''}`)}; no top-k, no top-p, temperature 1`,
    ],
    [
      'Student',
      each(
        ({ split, timestep, family }) =>
          `${family === 'var' ? 'scales' : 'tokens'} 1 to ${split} from the logits, the others from the continuous head; second step from ${timestep + 1}`,
      ),
    ],
    ['Pairs', each(({ pairs }) => pairs.toLocaleString('en-US'))],
    [
      'Weights',
      each(({ studentSha256 }) => `float32 as trained, SHA-256 ${studentSha256}; the package ships them in float16`),
    ],
    [
      'Times',
      `median of 6 single images after one to warm up, decoding included; ${device}, ${threads} thread of a 2-core AMD EPYC (Zen 3) that did other work at the same time: compare the ratios`,
    ],
    [
      'Baselines',
      'Without the last groups: their embeddings are zero. Independent: token frequencies by class and position, counted over 6,000 sprites. Both are made of other samples and have no time',
    ],
    ['Training', 'a reconstruction: the authors released networks and sampling code, no training code'],
    ['Measured', `${measured}, with`],
  ]
  return (
    <details class="card report-protocol">
      <summary>The whole protocol</summary>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {value}
              {name === 'Measured' && (
                <>
                  {' '}
                  <code>distilled reproduce sprites --family var --threads 1</code> and <code>--family llamagen</code>
                </>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
