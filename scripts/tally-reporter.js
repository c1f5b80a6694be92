// A vitest reporter for the last lines of `npm test`: the tests that were left out, grouped by what they need
// (test/requirements.ts), and the count, for people and programs: "812 passed, 0 failed, 5 skipped".

/** @typedef {{result(): {state: string, note?: string}, meta(): {needs?: string}}} TestCase */
/** @typedef {{children: {allTests(): Iterable<TestCase>}, state(): string}} TestModule */

export default class TallyReporter {
  /** @param {readonly TestModule[]} modules @param {readonly unknown[]} errors outside of any test */
  onTestRunEnd(modules, errors) {
    const tests = modules.flatMap((m) => [...m.children.allTests()])
    const count = (/** @type {string} */ state) => tests.filter((test) => test.result().state === state).length
    const broken = modules.filter((m) => m.state() === 'failed' && ![...m.children.allTests()].some(isFailed)).length
    const skipped = count('skipped')
    const failed = count('failed') + broken + errors.length
    const lines = reasons(tests)
    lines.push(`${count('passed')} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`)
    setImmediate(() => console.log(lines.join('\n')))
  }
}

const isFailed = (/** @type {TestCase} */ test) => test.result().state === 'failed'

/**
 * The tests that were left out because of what the machine lacks; those that a filter of the command line leaves out are not
 * listed.
 * @param {readonly TestCase[]} tests
 */
export function reasons(tests) {
  /** @type {Map<string, number>} */
  const left = new Map()
  for (const test of tests) {
    const { state, note } = test.result()
    const need = state === 'skipped' ? (note ?? test.meta().needs) : undefined
    if (need) left.set(need, (left.get(need) ?? 0) + 1)
  }
  if (left.size === 0) return []
  const rows = [...left].sort(([, a], [, b]) => b - a).map(([need, count]) => `  ${count} need ${need}`)
  return ['Tests left out on this machine (CONTRIBUTING.md says what to install):', ...rows]
}
