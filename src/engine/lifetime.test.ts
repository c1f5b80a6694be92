// The engine as a guest of its process: it keeps it alive while there is work, lets it end when there is none, and
// prints nothing.
import { describe, expect, it } from 'vitest'
import { built, runModule } from '../../test/policy/child.ts'

const prelude = `
  import { createEngine } from ${built('engine/node/engine.js')}
  import { emit, input } from ${built('graph/index.js')}
  import { matmul } from ${built('graph/ops/index.js')}
  import { float32, int64 } from ${built('engine/types.js')}
  const engine = await createEngine({ device: 'cpu', threads: 1 })
  const SIDE = 1024
  const x = input('x', 'float32', [SIDE, SIDE])
  let y = x
  for (let i = 0; i < 20; i++) y = matmul(y, x)
  const program = await engine.load({ y })
  const feeds = { x: float32(new Float32Array(SIDE * SIDE), [SIDE, SIDE]) }
`
const quiet = { stderr: '' }

describe('a process with an engine', () => {
  it('ends by itself when nothing is pending, without dispose', async () => {
    const child = await runModule(`${prelude}
      await program.run(feeds)
      console.log('last line')`)
    expect(child).toMatchObject({ code: 0, stdout: 'last line\n', ...quiet })
  })

  it('stays alive while a run is pending', async () => {
    const child = await runModule(`${prelude}
      program.run(feeds).then(({ y }) => console.log(y.shape.join()))`)
    expect(child).toMatchObject({ code: 0, stdout: '1024,1024\n', ...quiet })
  })

  it('ends after dispose during a run', async () => {
    const child = await runModule(`${prelude}
      program.run(feeds).catch((error) => console.log(error.name, error.message))
      setTimeout(() => engine.dispose().then(() => console.log('disposed')), 50)`)
    expect(child).toMatchObject({ code: 0, stdout: 'EngineError The engine was disposed.\ndisposed\n', ...quiet })
  })

  it('can exit during a run', async () => {
    const child = await runModule(`${prelude}
      program.run(feeds)
      setTimeout(() => process.exit(3), 50)`)
    expect(child).toMatchObject({ code: 3, ...quiet })
  })

  it('ends when a call could not even be sent', async () => {
    const child = await runModule(`${prelude}
      const shape = Object.assign([1024, 1024], { note: () => {} })
      await program.run({ x: { ...feeds.x, shape } }).catch((error) => console.log(error.name))`)
    expect(child).toMatchObject({ code: 0, stdout: 'DataCloneError\n', ...quiet })
  })

  it('keeps ONNX Runtime off stderr, also when a node fails or a device is missing', async () => {
    const child = await runModule(`${prelude}
      const reshaped = emit({ type: 'Reshape', inputs: [x, input('s', 'int64', [1])] }, ['n'], 'float32')
      const bad = await engine.load({ y: reshaped })
      const fails = (promise) => promise.catch((error) => console.log(error.name))
      await fails(bad.run({ ...feeds, s: int64([3]) }))
      await fails(engine.load({ y: emit({ type: 'NoSuchOp', inputs: [x] }, [1], 'float32') }))
      await fails(createEngine({ device: 'dml' }))
      await (await createEngine({ device: 'auto' })).dispose()`)
    expect(child).toMatchObject({ code: 0, stdout: 'EngineError\nEngineError\nEngineError\n', ...quiet })
  })
})
