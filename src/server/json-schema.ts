// The schemas of requests as JSON Schema (2020-12), as OpenAPI 3.1 takes it: just the kinds that requests.ts is made of, and an
// error for any other, so that the document can't fall behind the checks.
import type * as v from 'valibot'

export type JsonSchema = { readonly [key: string]: unknown }

interface Node {
  type: string
  pipe?: readonly Node[]
  wrapped?: Node
  item?: Node
  entries?: Record<string, Node>
  options?: readonly unknown[]
  requirement?: unknown
  description?: string
}

type Rule = (node: Node, isArray: boolean) => JsonSchema

const rules: Readonly<Record<string, Rule>> = {
  string: () => ({ type: 'string' }),
  number: () => ({ type: 'number' }),
  boolean: () => ({ type: 'boolean' }),
  optional: ({ wrapped }) => convert(wrapped!),
  array: ({ item }) => ({ type: 'array', items: convert(item!) }),
  picklist: ({ options }) => ({ type: 'string', enum: options }),
  union: ({ options }) => ({ anyOf: (options as Node[]).map(convert) }),
  strict_object: ({ entries }) => {
    const required = Object.entries(entries!).filter(([, { type }]) => type !== 'optional')
    return {
      type: 'object',
      properties: Object.fromEntries(Object.entries(entries!).map(([name, entry]) => [name, convert(entry)])),
      ...(required.length && { required: required.map(([name]) => name) }),
      additionalProperties: false,
    }
  },
  integer: () => ({ type: 'integer' }),
  min_value: ({ requirement }) => ({ minimum: requirement }),
  max_value: ({ requirement }) => ({ maximum: requirement }),
  min_length: ({ requirement }, isArray) => ({ [isArray ? 'minItems' : 'minLength']: requirement }),
  max_length: ({ requirement }, isArray) => ({ [isArray ? 'maxItems' : 'maxLength']: requirement }),
  regex: ({ requirement }) => ({ pattern: (requirement as RegExp).source }),
  description: ({ description }) => ({ description }),
}

function convert(node: Node): JsonSchema {
  const isArray = node.type === 'array'
  return Object.assign({}, ...partsOf(node).map((part) => ruleOf(part)(part, isArray)))
}

/** A schema and its actions; a pipe may begin with a pipe. */
const partsOf = (node: Node): Node[] => (node.pipe ? [...partsOf(node.pipe[0]!), ...node.pipe.slice(1)] : [node])

function ruleOf({ type }: Node): Rule {
  const rule = rules[type]
  if (!rule) throw new TypeError(`No JSON Schema for valibot's "${type}".`)
  return rule
}

/**
 * A request's schema as JSON Schema.
 * @throws TypeError for a kind of schema that it does not know
 */
export const jsonSchema = (schema: v.GenericSchema): JsonSchema => convert(schema as unknown as Node)
