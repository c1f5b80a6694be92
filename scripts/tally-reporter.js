// A vitest reporter of one line, for people and programs that only want the count: "812 passed, 0 failed".

/** @typedef {{children: {allTests(): Iterable<{result(): {state: string}}>}, state(): string}} TestModule */

export default class TallyReporter {
  /** @param {readonly TestModule[]} modules @param {readonly unknown[]} errors outside of any test */
  onTestRunEnd(modules, errors) {
    const states = modules.flatMap((m) => [...m.children.allTests()].map((test) => test.result().state))
    const count = (/** @type {string} */ state) => states.filter((s) => s === state).length
    const broken = modules.filter((m) => m.state() === 'failed' && ![...m.children.allTests()].some(isFailed)).length
    const skipped = count('skipped')
    const failed = count('failed') + broken + errors.length
    setImmediate(() =>
      console.log(`${count('passed')} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`),
    )
  }
}

const isFailed = (/** @type {{result(): {state: string}}} */ test) => test.result().state === 'failed'
