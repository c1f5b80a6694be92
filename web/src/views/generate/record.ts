// The history's record of a finished run.

import type { ModelInfo, Picture } from '../../backend/types.ts'
import { changed } from '../../router.ts'
import type { Run } from '../../state/history.ts'
import { samplingChoice } from '../../ui/sampling-choices.ts'
import { plural } from '../../ui/text.ts'
import { thumbnail } from '../../ui/thumbnail.ts'
import { type RunSettings, writeRun } from './run-settings.ts'

/** @param pictures the run's pictures, at least one */
export async function recordOf(run: RunSettings, pictures: readonly Picture[], model: ModelInfo): Promise<Run> {
  const settings = changed({}, writeRun(run))
  const { title } = samplingChoice(model, run.steps, { flow: true })
  return {
    key: JSON.stringify(settings),
    at: Date.now(),
    settings,
    title: pictures[0]!.className,
    detail: `${plural(pictures.length, 'picture')}, seed ${run.seed}, ${title.toLowerCase()}, ${run.model}`,
    thumbnail: await thumbnail(pictures),
  }
}
