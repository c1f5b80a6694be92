// distilled-decoding/evaluate: FID, sFID, Inception Score, precision, recall and KID as a library (docs/EVALUATION.md). `evaluate`
// takes paths, arrays or a model and says under which protocol its figures hold; below it are the metrics as functions of features.

/// <reference lib="esnext.disposable" preserve="true" />

export { createEngine } from '../../engine/node/engine.ts'
export type { Engine } from '../../engine/types.ts'
export { type Comparison, comparable, type Difference } from '../../evaluate/compare.ts'
export type { Features } from '../../evaluate/features.ts'
export { frechetDistance } from '../../evaluate/frechet.ts'
export {
  type InceptionScore,
  inceptionScore,
  type ScoreAccumulator,
  scoreAccumulator,
} from '../../evaluate/inception-score.ts'
export { type KernelDistance, type KidOptions, kernelDistance } from '../../evaluate/kid.ts'
export { type Measured, type MeasureOptions, measure, obstacle } from '../../evaluate/measure.ts'
export {
  addFeatures,
  emptyMoments,
  type Gaussian,
  gaussian,
  type Moments,
  mergeMoments,
} from '../../evaluate/moments.ts'
export { openFeatureReader } from '../../evaluate/node/open-reader.ts'
export { readResult } from '../../evaluate/node/read-result.ts'
export { arraySet } from '../../evaluate/node/sets/arrays.ts'
export { type OpenSetOptions, openSet } from '../../evaluate/node/sets/open.ts'
export { spritesSet } from '../../evaluate/node/sets/sprites.ts'
export { type ManifoldOptions, type PrecisionRecall, precisionRecall } from '../../evaluate/precision-recall.ts'
export type { FeatureReader, Reading, RgbBatch } from '../../evaluate/reader.ts'
export {
  type EvaluationResult,
  type MetricName,
  metricNames,
  type Protocol,
  type ProtocolName,
  protocolNames,
} from '../../evaluate/result.ts'
export { type EvaluationSet, type ImageSource, type Origin, unknownOrigin } from '../../evaluate/sets/set.ts'
export { type Evaluated, type EvaluateOptions, evaluate } from './evaluate.ts'
