import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { UsageError } from '../../core/errors.ts'
import { type ClassList, classInfo, imagenet } from '../classes.ts'
import { requireAllowed } from '../policy.ts'
import { createPolicy, readPolicy } from './policy-rules.ts'

const toys: ClassList = { name: 'toys', labels: ['ball', 'kite', 'sword, sabre'], sensitive: new Set([2]) }
const verdicts = (rules: unknown, classes = toys) => {
  const policy = createPolicy(rules, { classes })
  return classes.labels.map((_, id) => policy.verdict(id))
}

const folder = mkdtempSync(join(tmpdir(), 'distilled-policy-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a policy', () => {
  it.each([
    [{}, ['allow', 'allow', 'allow']],
    [{ deny: [0], flag: ['kite'] }, ['deny', 'flag', 'allow']],
    [{ deny: ['sensitive'] }, ['allow', 'allow', 'deny']],
    [{ flag: ['sabre'], default: 'deny' }, ['deny', 'deny', 'flag']],
    [{ allow: ['ball', 'sensitive'], default: 'flag' }, ['allow', 'flag', 'allow']],
    [{ allow: [1, 2], flag: [1], deny: ['1'] }, ['allow', 'deny', 'allow']],
  ])('%j', (rules, expected) => {
    expect(verdicts(rules)).toEqual(expected)
  })

  it('that denies ImageNet’s sensitive classes denies 17', () => {
    const policy = createPolicy({ deny: ['sensitive'] })
    expect(imagenet.labels.filter((_, id) => policy.verdict(id) === 'deny')).toHaveLength(17)
    expect(policy.verdict(413)).toBe('deny')
  })

  it.each<[unknown, string]>([
    [{ flags: [] }, 'the policy: there is no key "flags"; known are deny, flag, allow, default. Did you mean "flag"?'],
    [{ deny: ['sward'] }, 'the policy: deny[0]: There is no class "sward" in toys. Did you mean "sword" (class 2)?'],
    [{ flag: [1, 3] }, 'the policy: flag[1]: There is no class 3: the classes of toys are 0 to 2.'],
    [{ deny: 2 }, 'the policy: "deny" must be a list of class ids and names, got 2.'],
    [{ deny: [true] }, 'the policy: "deny.0" must be a class id or a name, got true.'],
    [{ default: 'forbid' }, 'the policy: "default" must be one of allow, flag, deny, got "forbid".'],
    [[], 'the policy: it must be an object such as {"deny": ["sensitive"]}, got null.'],
  ])('%j is refused', (rules, message) => {
    expect(() => verdicts(rules)).toThrow(UsageError)
    expect(() => verdicts(rules)).toThrow(message)
  })

  it('is read from a file, which errors name', async () => {
    const path = join(folder, 'policy.json')
    writeFileSync(path, '{"deny": ["sensitive"]}')
    expect((await readPolicy(path, toys)).verdict(2)).toBe('deny')
    writeFileSync(path, '{"deny": ')
    await expect(readPolicy(path)).rejects.toThrow(`policy ${path} is not JSON`)
    await expect(readPolicy(join(folder, 'none.json'))).rejects.toThrow('there is no such file')
  })

  it('stops a class by name, and says what to do', () => {
    const policy = createPolicy({ deny: ['sword'] }, { classes: toys, name: 'policy toys.json' })
    const infos = (...ids: number[]) => ids.map((id) => classInfo(id, toys))
    expect(() => requireAllowed(policy, infos(0, 1))).not.toThrow()
    expect(() => requireAllowed(undefined, infos(2))).not.toThrow()
    expect(() => requireAllowed(policy, infos(0, 2))).toThrow(
      'policy toys.json denies class 2 sword; nothing was sampled. Ask for other classes, or use another policy.',
    )
  })
})
