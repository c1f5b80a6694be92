// A whole network, as torch.save(model) writes it: objects whose state holds `_parameters`, `_buffers` and `_modules`
// (torch/nn/modules/module.py). Its tensors are collected under the names that its state_dict() would give them.
import { NumpyArray } from './globals.ts'
import { maxNameCharacters, maxTreeDepth } from './limits.ts'
import { StandIn } from './stand-in.ts'
import { Window } from './storage.ts'

const partsOf = (module: StandIn): Map<unknown, unknown>[] | undefined => {
  const { state } = module
  if (!(state instanceof Map)) return undefined
  const parts = ['_parameters', '_buffers', '_modules'].map((name) => state.get(name))
  return parts.every((part) => part instanceof Map) ? parts : undefined
}

/** Characters of a prefix that weigh as much as one value, as every name below repeats them. */
const charactersOfValue = 64

/** Whether an object has the parts of a torch module. */
export const isModule = (object: StandIn): boolean => partsOf(object) !== undefined

/**
 * Parameters and persistent buffers of a module and of those inside it, by dotted names.
 * @param budget parts that may still be looked at: modules may share others until there are more paths than modules
 */
export function moduleTensors(root: StandIn, budget: { left: number }): Map<string, unknown> {
  const tensors = new Map<string, unknown>()
  const path = new Set<StandIn>()
  const visit = (module: unknown, prefix: string) => {
    const parts = module instanceof StandIn ? partsOf(module) : undefined
    if (!(module instanceof StandIn) || !parts || path.has(module)) return
    if (path.size > maxTreeDepth || prefix.length > maxNameCharacters) return
    const names = parts.reduce((sum, part) => sum + part.size, 0)
    budget.left -= 1 + names * (1 + Math.floor(prefix.length / charactersOfValue))
    if (budget.left < 0) return
    path.add(module)
    const [parameters, buffers, modules] = parts as [
      Map<unknown, unknown>,
      Map<unknown, unknown>,
      Map<unknown, unknown>,
    ]
    const passing = (module.state as Map<unknown, unknown>).get('_non_persistent_buffers_set')
    for (const [name, tensor] of [...parameters, ...buffers]) {
      const isKept = !(passing instanceof Set && passing.has(name))
      const isTensor = tensor instanceof Window || tensor instanceof NumpyArray
      if (isKept && isTensor) tensors.set(`${prefix}${name}`, tensor)
    }
    for (const [name, inner] of modules) visit(inner, `${prefix}${name}.`)
    path.delete(module)
  }
  visit(root, '')
  return tensors
}
