// The worker thread that owns ONNX Runtime: `session.run` blocks its thread, so it never runs on the main one.
// Plain JavaScript because Node starts workers from files: the same file serves sources, tests and the built package.
// Requests {id, method, params} come in, {id, result} or {id, error} go out; tensors are transferred, not copied again.

import { parentPort, workerData } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'

// What goes wrong comes back as an error; nothing is printed.
ort.env.logLevel = 'fatal'

/** @type {Map<number, ort.InferenceSession>} */
const sessions = new Map()
/** @type {Map<number, ort.Tensor>} */
const residents = new Map()
let next = 1

/** @typedef {{dtype: string, shape: number[], data: ort.Tensor['data']} | {resident: number}} Wire */

/**
 * Every dimension that a file leaves open without a name gets a name of its own.
 * @param {readonly ort.InferenceSession.ValueMetadata[]} values
 */
const specs = (values) =>
  values.map((m) => {
    if (!m.isTensor) return { name: m.name, dtype: 'no tensor', shape: [] }
    const shape = m.shape.map((d, axis) => (d === '' || d === -1 ? `${m.name}.${axis}` : d))
    return { name: m.name, dtype: m.type, shape }
  })

/** @type {Record<string, (params: any) => Promise<{result: unknown, transfer?: ArrayBuffer[]}>>} */
const methods = {
  async load({ model, options }) {
    const session = await ort.InferenceSession.create(model, options)
    const handle = next++
    sessions.set(handle, session)
    return { result: { handle, inputs: specs(session.inputMetadata), outputs: specs(session.outputMetadata) } }
  },

  async unload({ handle }) {
    const session = sessions.get(handle)
    sessions.delete(handle)
    await session?.release()
    return { result: null }
  },

  async run({ handle, feeds, keep }) {
    const session = /** @type {ort.InferenceSession} */ (sessions.get(handle))
    /** @type {Record<string, ort.Tensor>} */
    const inputs = {}
    for (const [name, wire] of Object.entries(/** @type {Record<string, any>} */ (feeds))) {
      const tensor =
        'resident' in wire ? residents.get(wire.resident) : new ort.Tensor(wire.dtype, wire.data, wire.shape)
      inputs[name] = /** @type {ort.Tensor} */ (tensor)
    }
    const outputs = await session.run(inputs)
    /** @type {Record<string, unknown>} */
    const result = {}
    /** @type {ArrayBuffer[]} */
    const transfer = []
    for (const [name, tensor] of Object.entries(outputs)) {
      if (keep.includes(name)) {
        const handle = next++
        residents.set(handle, tensor)
        result[name] = { resident: handle, shape: tensor.dims }
      } else {
        const data = /** @type {Float32Array<ArrayBuffer>} */ (await tensor.getData())
        const whole = data.byteOffset === 0 && data.byteLength === data.buffer.byteLength
        const owned = whole ? data : data.slice()
        transfer.push(owned.buffer)
        result[name] = { dtype: tensor.type, shape: tensor.dims, data: owned }
      }
    }
    return { result, transfer }
  },

  async drop({ residents: handles }) {
    for (const handle of handles) {
      residents.get(handle)?.dispose()
      residents.delete(handle)
    }
    return { result: null }
  },

  async backends() {
    return { result: ort.listSupportedBackends() }
  },
}

/** Shared with worker-link.ts. @type {Int32Array} */
const flags = workerData.flags
const STOP = 0
const BUSY = 1

/** Requests run one after the other, in the order they came. */
let queue = Promise.resolve()

/** @param {{id: number, method: string, params: unknown}} request */
async function answer({ id, method, params }) {
  Atomics.store(flags, BUSY, 1)
  try {
    if (Atomics.load(flags, STOP)) return // the engine was disposed: nobody waits for this any more
    const { result, transfer } = await /** @type {any} */ (methods)[method](params)
    parentPort?.postMessage({ id, result }, transfer ?? [])
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) })
  } finally {
    Atomics.store(flags, BUSY, 0)
    Atomics.notify(flags, BUSY)
  }
}

/** Leaving is not being terminated: the thread ends when nothing is left to do. */
async function close() {
  for (const session of sessions.values()) await session.release()
  parentPort?.close()
}

parentPort?.on('message', (request) => {
  queue = queue.then(() => (request === 'close' ? close() : answer(request)))
})
