// An option of sampling is written once, in the table of src/sampling/plan-options.ts, and is then a flag, a parameter of requests, a
// setting of PNG files and of manifests, and a field of the app. A mapping that forgets one fails here.
import { Command } from 'commander'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { addSampleFlags } from '../../src/cli/sample-flags.ts'
import { imageSettingsSchema } from '../../src/library/image-settings.ts'
import { flagsOf, massSettingsSchema, planOf, planSettings } from '../../src/library/node/mass-settings.ts'
import { defaultTeacher, type SamplingPlan, teacherSchema } from '../../src/sampling/plan.ts'
import {
  belongsTo,
  camelKeys,
  flatOptions,
  kebabCase,
  nestedOptions,
  type OptionName,
  optionEntries,
  planAsOptions,
  snakeKeys,
} from '../../src/sampling/plan-options.ts'
import { planOptions, sampleRequest, trajectoryRequest } from '../../src/server/requests.ts'
import { changed } from '../../web/src/router.ts'
import { readTeacher, teacherFields, writeTeacher } from '../../web/src/ui/teacher-settings.ts'

const names = Object.keys(optionEntries) as OptionName[]
const snake = (name: string) => Object.keys(snakeKeys({ [name]: 0 }))[0]!
/** Each of their values makes a graph, which a server would keep. */
const notOverHttp = ['solver', 'odeSteps']

const teacher = { ...defaultTeacher, cfg: 3, topK: 40, topP: 0.9, temperature: 0.7, greedy: false }
const plans: SamplingPlan[] = [
  { kind: 'student', timesteps: [0, 2], split: 2 },
  { kind: 'teacher-involved', timestep: 3, split: 2, teacherFrom: 1, teacher },
  { kind: 'teacher', teacher },
  { kind: 'teacher', teacher, flow: { solver: 'heun', steps: 12 } },
]

describe.each(names)('%s', (name) => {
  const schema: v.GenericSchema = optionEntries[name]

  it('is a flag with the description of the table', () => {
    const flag = addSampleFlags(new Command()).options.find(({ long }) => long === `--${kebabCase(name)}`)
    expect(flag?.description).toBe(v.getDescription(schema as typeof teacherSchema.entries.cfg))
    expect(flag?.attributeName()).toBe(name)
  })

  it(notOverHttp.includes(name) ? 'is not asked for over HTTP' : 'is a parameter of requests', () => {
    expect(Object.hasOwn(sampleRequest.entries, snake(name))).toBe(!notOverHttp.includes(name))
    if (name in teacherSchema.entries) expect(Object.keys(trajectoryRequest.entries)).toContain(snake(name))
  })
})

it.each(plans)('$kind survives options, PNG settings, manifests and requests', (plan) => {
  const options = planAsOptions(plan)
  expect(nestedOptions(flatOptions(options))).toEqual(options)
  expect(camelKeys(snakeKeys(flatOptions(options)))).toEqual(flatOptions(options))
  expect(planOptions(snakeKeys(flatOptions(options)) as never)).toEqual(options)
  const image = { model: 'm', seed: 1, index: 0, rng: 'philox', plan, dtype: 'fp32', batched: true, ema: true }
  expect(v.parse(imageSettingsSchema, image).plan).toEqual(plan)
  expect(planOf(planSettings(plan))).toEqual(plan)
  for (const name of Object.keys(planSettings(plan)))
    expect([name, Object.hasOwn(massSettingsSchema.entries, name)]).toEqual([name, true])
  expect(Object.keys(flagsOf({ ...planSettings(plan), family: 'var' }))).toEqual(
    expect.arrayContaining(
      Object.keys(flatOptions(options))
        .filter((name) => name !== 'greedy' && belongsTo(name as OptionName, 'var'))
        .map(kebabCase),
    ),
  )
})

it('every setting of a teacher is a field of the app and comes back from the address', () => {
  const settings = { ...defaultTeacher, greedy: true }
  for (const family of ['var', 'llamagen'] as const) {
    const known = Object.keys(teacherSchema.entries).filter((name) => belongsTo(name as OptionName, family))
    expect(teacherFields({ family }).map(({ name }) => name)).toEqual(known)
    const read = readTeacher(changed({}, writeTeacher(settings)), { family })
    expect(Object.keys(read ?? {})).toEqual(known)
    expect(settings).toMatchObject(read ?? {})
  }
})
