import { describe, expect, it } from 'vitest'
import { spriteClasses } from '../data/node/sprites.ts'
import { groupSizes } from '../models/architecture.ts'
import { parameterCount } from '../models/shapes.ts'
import { imagenet } from './classes.ts'
import { locate } from './node/cache.ts'
import { classesOf, findModel, models } from './registry.ts'

const released = models.filter((entry) => 'repo' in entry.source)
const students = released.filter((entry) => entry.kind === 'student')
const teachers = released.filter((entry) => entry.kind === 'teacher')

describe('the zoo', () => {
  it('holds the five released students, their teachers and tokenizers, and the larger teachers', () => {
    expect(students.map((entry) => entry.name)).toEqual([
      'var-dd-d16',
      'var-dd-d20',
      'var-dd-d24',
      'llamagen-dd-b',
      'llamagen-dd-l',
    ])
    expect(teachers.map((entry) => entry.name)).toEqual([
      'var-d16',
      'var-d20',
      'var-d24',
      'var-d30',
      'llamagen-b',
      'llamagen-l',
      'llamagen-xl',
      'llamagen-xxl',
    ])
    expect(new Set(models.map((entry) => entry.name)).size).toBe(models.length)
  })

  // Millions of parameters as the authors state them, to the digits they give.
  it.each([
    ['var-dd-d16', 327],
    ['var-dd-d20', 635],
    ['var-dd-d24', 1090],
    ['llamagen-dd-b', 98.3],
    ['llamagen-dd-l', 326],
    ['var-d16', 310],
    ['var-d20', 600],
    ['var-d24', 1030],
    ['var-d30', 2010],
    ['llamagen-b', 111],
    ['llamagen-l', 343],
    ['llamagen-xl', 775],
    ['llamagen-xxl', 1410],
    ['llamagen-vq-ds16', 72],
  ])('%s has the %fM parameters its authors state', (name, millions) => {
    expect(Math.abs(parameterCount(findModel(name)) / 1e6 / millions - 1)).toBeLessThan(0.005)
  })

  it('pairs every student with a teacher and a tokenizer of its family, codebook and token grid', () => {
    for (const student of students) {
      const teacher = findModel(student.teacher!)
      const tokenizer = findModel(student.tokenizer)
      expect(teacher).toMatchObject({ kind: 'teacher', tokenizer: student.tokenizer, imageSize: student.imageSize })
      expect(teacher.architecture).toEqual(
        student.architecture.family === 'var'
          ? { ...student.architecture, layerwiseNoiseDataEmbed: false }
          : student.architecture,
      )
      expect(tokenizer.architecture).toMatchObject({
        family: student.architecture.family,
        vocabSize: student.architecture.vocabSize,
        [student.architecture.family === 'var' ? 'zChannels' : 'embedDim']: student.architecture.channels,
      })
    }
  })

  it('has tokens for every 16 x 16 patch of the image', () => {
    for (const entry of [...students, ...teachers]) {
      const { architecture } = entry
      const finest = architecture.family === 'var' ? architecture.patchNums.at(-1)! ** 2 : architecture.tokens
      expect(finest).toBe((entry.imageSize / 16) ** 2)
    }
    expect(groupSizes(findModel('var-d16').architecture as never).reduce((a, b) => a + b)).toBe(680)
  })

  it('names as many classes as the transformers know', () => {
    for (const entry of [...students, ...teachers]) {
      expect(classesOf(entry)).toBe(imagenet)
      expect(entry.architecture.numClasses).toBe(imagenet.labels.length)
    }
  })
})

describe('the embedded models', () => {
  const own = models.filter((entry) => 'package' in entry.source)

  it('are student, teacher and tokenizer of both families, and are here', () => {
    expect(own.map(({ kind, architecture }) => `${architecture.family} ${kind}`)).toEqual(
      ['var', 'llamagen'].flatMap((family) => ['student', 'teacher', 'tokenizer'].map((kind) => `${family} ${kind}`)),
    )
    for (const entry of own) expect(locate(entry), entry.name).toBeDefined()
  })

  it('know the twelve sprites and have presets that count their steps', () => {
    for (const entry of own) {
      expect(classesOf(entry).labels).toEqual(spriteClasses)
      if (entry.kind !== 'student') continue
      for (const { steps, timesteps, teacherFrom } of entry.presets) {
        const teacher = teacherFrom === undefined ? 0 : timesteps.at(-1)! - teacherFrom
        expect(steps).toBe(timesteps.length - (teacherFrom === 0 ? 1 : 0) + teacher)
      }
    }
  })
})

describe('the sampling presets', () => {
  const presets = students.flatMap((entry) => entry.presets.map((preset) => ({ entry, preset })))

  it('begin with one step', () => {
    for (const { presets } of students) expect(presets[0]).toMatchObject({ steps: 1, timesteps: [0] })
  })

  it('count every evaluation of student and teacher as a step', () => {
    for (const { preset } of presets) {
      const last = preset.timesteps.at(-1)!
      const student = preset.timesteps.length - (preset.teacherFrom === 0 ? 1 : 0)
      const teacher = preset.teacherFrom === undefined ? 0 : last - preset.teacherFrom
      expect(preset.steps).toBe(student + teacher)
      expect(preset.published?.steps).toBe(preset.steps)
    }
  })

  it('stay within the groups of the model', () => {
    for (const { entry, preset } of presets) {
      const groups = groupSizes(entry.architecture).length
      for (const group of [...preset.timesteps, preset.split, preset.teacherFrom ?? 0])
        expect(group).toBeLessThan(groups)
    }
  })

  it('have a better published FID the more steps they take', () => {
    for (const { presets } of students) {
      const fids = presets.map((preset) => preset.published!.fid)
      expect(fids).toEqual([...fids].sort((a, b) => b - a))
    }
  })
})

describe('findModel', () => {
  it('forgives case and underscores', () => {
    expect(findModel('VAR_DD_d16').name).toBe('var-dd-d16')
  })

  it('suggests the nearest name', () => {
    expect(() => findModel('var-dd-16')).toThrow('There is no model "var-dd-16". Did you mean "var-dd-d16"?')
  })

  it('lists the names when nothing is near', () => {
    expect(() => findModel('stable-diffusion')).toThrow(/The zoo has var-dd-d16, .*llamagen-vq-ds16/)
  })
})
