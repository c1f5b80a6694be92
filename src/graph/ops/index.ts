// All ops, for networks to import.
export * from './attention.ts'
export * from './conv.ts'
export * from './elementwise.ts'
export * from './layout.ts'
export * from './linear.ts'
export * from './norm.ts'
export * from './reduce.ts'
