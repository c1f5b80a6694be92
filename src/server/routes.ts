// The table of all routes. A new route is a row here; the OpenAPI document and the index page are made from the table.
import * as v from 'valibot'
import { generations, storedImage } from './images.ts'
import { classes, counters, healthz, models, openAiModelByName, openAiModels, readyz } from './info-routes.ts'
import { openApi } from './openapi.ts'
import type { Route } from './route.ts'
import { sample, trajectory } from './sample.ts'

const description: Route = {
  method: 'GET',
  path: '/openapi.json',
  summary: 'This description, as OpenAPI 3.1',
  open: true,
  answers: { 200: { description: 'The document', schema: v.looseObject({ openapi: v.literal('3.1.0') }) } },
  handle: (c) => c.json(openApi(routes)),
}

export const routes: readonly Route[] = [
  generations,
  openAiModels,
  openAiModelByName,
  storedImage,
  sample,
  trajectory,
  models,
  classes,
  healthz,
  readyz,
  counters,
  description,
]
