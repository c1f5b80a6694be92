// Every command in the order `distilled --help` lists them; a new one is a file and a row.
import type { Command } from 'commander'
import { benchCommand } from './bench.ts'
import { dataCommand } from './data.ts'
import { downloadCommand } from './download.ts'
import { evaluateCommand } from './evaluate.ts'
import { exportCommand } from './export.ts'
import { featuresCommand } from './features.ts'
import { inspectCommand } from './inspect.ts'
import type { Io } from './io.ts'
import { modelsCommand } from './models.ts'
import { pairsCommand } from './pairs.ts'
import { reportCommand } from './report.ts'
import { reproduceCommand } from './reproduce.ts'
import { reviewCommand } from './review.ts'
import { sampleCommand } from './sample.ts'
import { serveCommand } from './serve.ts'
import { trainCommand } from './train.ts'

export const commands: readonly ((io: Io) => Command)[] = [
  sampleCommand,
  serveCommand,
  modelsCommand,
  downloadCommand,
  inspectCommand,
  exportCommand,
  benchCommand,
  dataCommand,
  trainCommand,
  pairsCommand,
  reproduceCommand,
  evaluateCommand,
  featuresCommand,
  reportCommand,
  reviewCommand,
]
