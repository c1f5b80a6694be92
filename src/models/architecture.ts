export * from '../zoo/architecture.ts'
