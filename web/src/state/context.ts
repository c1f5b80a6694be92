// A context with the engine, for nested components such as an error message that offers the other engine.
import { createContext } from 'preact'
import type { Engine } from './engine.ts'

export const EngineContext = createContext<Engine | undefined>(undefined)
