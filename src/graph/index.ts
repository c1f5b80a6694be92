// The exports of the graph builder.
export * from './grad.ts'
export * from './half.ts'
export * from './plain-norms.ts'
export * from './serialize.ts'
export * from './stages.ts'
export * from './tensor.ts'
