// The engine for components deep inside a view, such as a fault that offers another one.
import { createContext } from 'preact'
import type { Engine } from './engine.ts'

export const EngineContext = createContext<Engine | undefined>(undefined)
