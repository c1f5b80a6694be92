// The graph builder's public face.
export * from './serialize.ts'
export * from './stages.ts'
export * from './tensor.ts'
