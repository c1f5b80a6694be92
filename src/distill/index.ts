// distilled-decoding/distill: distillation as a library. The flow map turns noise into a teacher's tokens, pairs store
// what it gives, the trainer fits a student to them; tokenizers and teachers for small data train on the same loop.

/// <reference lib="esnext.disposable" preserve="true" />

export { type Dataset, type Example, readBatch } from '../data/dataset.ts'
export { imageFolder } from '../data/node/folder.ts'
export { openDataset } from '../data/node/open.ts'
export { type SpriteOptions, spriteClasses, spriteSvg, sprites } from '../data/node/sprites.ts'
export { createEngine } from '../engine/node/engine.ts'
export type { Engine, Program } from '../engine/types.ts'
export { customVjp, type Graph, grad, input, stopGradient, type Tensor } from '../graph/index.ts'
export * as ops from '../graph/ops/index.ts'
export { type Shard, shardFromEnvironment } from '../jobs/shard.ts'
export type { LlamaGenArchitecture, VarArchitecture } from '../models/architecture.ts'
export { llamaGenFfnDim } from '../models/architecture.ts'
export { expectedShapes } from '../models/shapes.ts'
export type { Family, TeacherSession } from '../sampling/family.ts'
export { flowMapGraph } from '../sampling/flow-map.ts'
export { defaultFlow, type FlowSettings, schedule, solvers } from '../sampling/flow-schedule.ts'
export { flowTokens } from '../sampling/flow-tokens.ts'
export { programCache } from '../sampling/programs.ts'
export { type Communicator, singleProcess } from './communicator.ts'
export { memoryWeights } from './frozen.ts'
export { studentFrom } from './init-student.ts'
export { type InputWeights, inputWeights } from './input-weights.ts'
export { connectMpi, overRanks } from './mpi.ts'
export { openLpips } from './open-lpips.ts'
export { openPerceptual, type PerceptualFiles } from './open-perceptual.ts'
export { makePairs, mergePairs, type PairsRequest } from './pairs.ts'
export { constantInit, type Init, initialise, normalInit, type Parameters, uniformInit } from './parameters.ts'
export { classifierPerceptual, type Perceptual } from './perceptual.ts'
export { openPairs, type Pairs } from './read-pairs.ts'
export { writeReport } from './report.ts'
export { type RunOptions, runTask } from './run.ts'
export { classifierSettings, studentSettings, teacherSettings, tokenizerSettings } from './settings.ts'
export {
  type StageContext,
  trainClassifier,
  trainStudent,
  trainTeacher,
  trainTokenizer,
} from './stages.ts'
export { comparisonTable, type TableRow } from './table.ts'
export { type StudentTaskOptions, studentTask } from './tasks/student.ts'
export { loadState, saveState, type TrainState } from './train-state.ts'
export { teacherDefaults, trainedFamily } from './trained-family.ts'
export { readTrained, type TrainedNetwork, writeTrained } from './trained-file.ts'
export {
  type Objective,
  type Task,
  type TrainerSettings,
  TrainingDiverged,
  type TrainOptions,
  train,
} from './trainer.ts'
