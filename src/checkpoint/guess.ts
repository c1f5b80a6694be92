// Which network a state dict looks like, from tensor names and shapes alone (names: the released PyTorch modules).
// A guess for people (`distilled inspect`, error messages); the networks themselves check every tensor they need.
import type { StateDict } from './types.ts'

export interface Guess {
  readonly kind:
    | 'var-dd'
    | 'var'
    | 'llamagen-dd'
    | 'llamagen'
    | 'llamagen-t2i'
    | 'var-vqvae'
    | 'llamagen-vq'
    | 'inception'
    | 'fid-statistics'
    | 'unknown'
  readonly label: string
  readonly depth?: number
  readonly width?: number
  readonly heads?: number
  /** Positions of an image, where a positional table in the file tells them. */
  readonly tokens?: number
  /** Codebook entries and their channels. */
  readonly codebook?: readonly [number, number]
}

const llamagenSizes = new Map([
  ['12x768', 'B'],
  ['24x1024', 'L'],
  ['36x1280', 'XL'],
  ['48x1536', 'XXL'],
  ['24x3200', '3B'],
])

type Facts = Omit<Guess, 'kind' | 'label'>

interface Row {
  kind: Guess['kind']
  /** All of these tensors must be present. */
  needs: readonly string[]
  facts: (tensors: StateDict) => Facts
  label: (facts: Facts) => string
}

const varFacts = (tensors: StateDict): Facts => ({
  depth: countOf(tensors, 'blocks'),
  ...dimension(tensors, 'width', 'word_embed.weight', 0),
  ...dimension(tensors, 'heads', 'blocks.0.attn.scale_mul_1H11', 1),
})

const llamagenFacts = (tensors: StateDict): Facts => ({
  depth: countOf(tensors, 'layers'),
  ...dimension(tensors, 'width', 'norm.weight', 0),
  ...tokensFact(tensors),
})

/** The table of rotary positions has a row for the class token and one for every token of the image. */
const tokensFact = (tensors: StateDict): Facts => {
  const [rows = 0] = tensors.get('freqs_cis')?.shape ?? []
  return rows > 1 ? { tokens: rows - 1 } : {}
}

const codebookFacts = (tensors: StateDict): Facts => {
  const [entries, channels] = tensors.get('quantize.embedding.weight')?.shape ?? []
  return entries !== undefined && channels !== undefined ? { codebook: [entries, channels] } : {}
}

const varLabel = (name: string) => (facts: Facts) => `${name}-d${facts.depth}`
const llamagenLabel = (name: string) => (facts: Facts) => {
  const size = llamagenSizes.get(`${facts.depth}x${facts.width}`)
  return size ? `${name}-${size}` : name
}

/** From the most specific to the least: a student holds all of its teacher's names. */
const rows: readonly Row[] = [
  {
    kind: 'var-dd',
    needs: ['blocks.0.attn.mat_qkv.weight', 'word_embed.weight', 'final_layer_conti.linear.weight'],
    facts: varFacts,
    label: varLabel('VAR-DD'),
  },
  {
    kind: 'var',
    needs: ['blocks.0.attn.mat_qkv.weight', 'word_embed.weight', 'head.weight'],
    facts: varFacts,
    label: varLabel('VAR'),
  },
  {
    kind: 'llamagen-dd',
    needs: ['layers.0.attention.wqkv.weight', 'final_layer_conti.linear.weight'],
    facts: llamagenFacts,
    label: llamagenLabel('LlamaGen-DD'),
  },
  {
    kind: 'llamagen-t2i',
    needs: ['layers.0.attention.wqkv.weight', 'cls_embedding.cap_proj.fc1.weight'],
    facts: llamagenFacts,
    label: () => 'LlamaGen for text to image',
  },
  {
    kind: 'llamagen',
    needs: ['layers.0.attention.wqkv.weight', 'output.weight'],
    facts: llamagenFacts,
    label: llamagenLabel('LlamaGen'),
  },
  {
    kind: 'var-vqvae',
    needs: ['quantize.embedding.weight', 'decoder.up.0.block.0.conv1.weight'],
    facts: codebookFacts,
    label: () => 'VAR VQVAE',
  },
  {
    kind: 'llamagen-vq',
    needs: ['quantize.embedding.weight', 'decoder.conv_blocks.0.res.0.conv1.weight'],
    facts: codebookFacts,
    label: () => 'LlamaGen VQ',
  },
  {
    kind: 'inception',
    needs: ['Conv2d_1a_3x3.conv.weight', 'Mixed_7c.branch1x1.conv.weight'],
    facts: () => ({}),
    label: () => 'Inception (pytorch-fid)',
  },
  { kind: 'fid-statistics', needs: ['m', 's'], facts: () => ({}), label: () => 'FID statistics' },
  { kind: 'fid-statistics', needs: ['mu', 'sigma'], facts: () => ({}), label: () => 'FID statistics' },
]

/**
 * The network whose tensors these look like, with what shapes tell about its size.
 * @example
 * guessModel(tensors).kind // 'var-dd'
 */
export function guessModel(tensors: StateDict): Guess {
  const row = rows.find(({ needs }) => needs.every((name) => tensors.has(name)))
  if (!row) return { kind: 'unknown', label: 'unknown' }
  const facts = row.facts(tensors)
  return { kind: row.kind, label: row.label(facts), ...facts }
}

/** How many numbered modules `prefix`.0, `prefix`.1, ... there are. */
function countOf(tensors: StateDict, prefix: string): number {
  const numbers = new Set<string>()
  for (const name of tensors.keys()) if (name.startsWith(`${prefix}.`)) numbers.add(name.split('.')[1]!)
  return numbers.size
}

function dimension(tensors: StateDict, fact: 'width' | 'heads', name: string, axis: number): Facts {
  const dim = tensors.get(name)?.shape[axis]
  return dim === undefined ? {} : { [fact]: dim }
}
