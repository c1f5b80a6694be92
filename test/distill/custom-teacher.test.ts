import { describe, expect, it } from 'vitest'
import { distilCustomTeacher } from '../../examples/custom-teacher.js'

describe('a teacher of one’s own', () => {
  it('is distilled: the student finds far more of its tokens than it did at the start', async () => {
    const untrained = await distilCustomTeacher({ steps: 1, count: 600 })
    const trained = await distilCustomTeacher({ steps: 60, count: 1200 })
    expect(untrained).toBeLessThan(0.1)
    expect(trained).toBeGreaterThan(0.18)
  }, 120_000)
})
