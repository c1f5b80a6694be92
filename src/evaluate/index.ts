// distilled-decoding/evaluate: FID, sFID, Inception Score, precision, recall and KID as a library (docs/EVALUATION.md). `evaluate`
// measures a set of samples against a reference and says under which protocol; below it are the metrics as functions of features.

/// <reference lib="esnext.disposable" preserve="true" />

export { createEngine } from '../engine/node.ts'
export type { Engine } from '../engine/types.ts'
export { type Comparison, comparable, type Difference } from './compare.ts'
export { type EvaluateOptions, evaluate } from './evaluate.ts'
export type { Features } from './features.ts'
export { frechetDistance } from './frechet.ts'
export { type InceptionScore, inceptionScore, type ScoreAccumulator, scoreAccumulator } from './inception-score.ts'
export { type KernelDistance, type KidOptions, kernelDistance } from './kid.ts'
export { type Measured, type MeasureOptions, measure, obstacle } from './measure.ts'
export { addFeatures, emptyMoments, type Gaussian, gaussian, type Moments, mergeMoments } from './moments.ts'
export { openFeatureReader } from './open-reader.ts'
export { type ManifoldOptions, type PrecisionRecall, precisionRecall } from './precision-recall.ts'
export { readResult } from './read-result.ts'
export type { FeatureReader, Reading, RgbBatch } from './reader.ts'
export {
  type EvaluationResult,
  type MetricName,
  metricNames,
  type Protocol,
  type ProtocolName,
  protocolNames,
} from './result.ts'
export { arraySet } from './sets/arrays.ts'
export { type OpenSetOptions, openSet } from './sets/open.ts'
export { type EvaluationSet, type ImageSource, type Origin, unknownOrigin } from './sets/set.ts'
export { spritesSet } from './sets/sprites.ts'
