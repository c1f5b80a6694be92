// Every command in the order `distilled --help` lists them. A command's file is loaded when the command is called, so that help and
// version are there at once; a new command is a file and a row.
import type { Command } from 'commander'
import type { Io } from './io.ts'

export interface CommandRow {
  name: string
  description: string
  load(): Promise<(io: Io) => Command>
}

export const commands: readonly CommandRow[] = [
  {
    name: 'sample',
    description: 'make images of the classes you name',
    load: async () => (await import('./sample.ts')).sampleCommand,
  },
  {
    name: 'serve',
    description: "serve models over HTTP: a web app, OpenAI's image API, events as images are made, metrics",
    load: async () => (await import('./serve.ts')).serveCommand,
  },
  {
    name: 'models',
    description: 'list the models, what is on this machine, and the classes',
    load: async () => (await import('./models.ts')).modelsCommand,
  },
  {
    name: 'download',
    description: 'fetch a model and its tokenizer from the Hugging Face hub',
    load: async () => (await import('./download.ts')).downloadCommand,
  },
  {
    name: 'inspect',
    description: 'show what a checkpoint file holds: state dicts, tensors, and which model it looks like',
    load: async () => (await import('./inspect.ts')).inspectCommand,
  },
  {
    name: 'export',
    description: 'write a student and its decoder as ONNX files for any ONNX Runtime',
    load: async () => (await import('./export.ts')).exportCommand,
  },
  {
    name: 'bench',
    description: "measure a model's speed and memory on this machine, without its weights",
    load: async () => (await import('./bench.ts')).benchCommand,
  },
  {
    name: 'data',
    description: 'look at the data a model is trained on',
    load: async () => (await import('./data.ts')).dataCommand,
  },
  {
    name: 'train',
    description: 'train a network of the method: classifier, tokenizer, teacher or student',
    load: async () => (await import('./train.ts')).trainCommand,
  },
  {
    name: 'pairs',
    description: 'make the (class, noise, tokens) pairs that a student learns from',
    load: async () => (await import('./pairs.ts')).pairsCommand,
  },
  {
    name: 'reproduce',
    description: 'train everything from nothing: classifier, tokenizer, teacher, pairs, student, table',
    load: async () => (await import('./reproduce.ts')).reproduceCommand,
  },
  {
    name: 'evaluate',
    description: 'FID, sFID, Inception Score, precision, recall and KID, with their protocol',
    load: async () => (await import('./evaluate.ts')).evaluateCommand,
  },
  {
    name: 'features',
    description: 'read images with Inception or another network and keep the features, in shards',
    load: async () => (await import('./features.ts')).featuresCommand,
  },
  {
    name: 'report',
    description: 'put results of evaluations on one page: tables, plots, samples, protocols',
    load: async () => (await import('./report.ts')).reportCommand,
  },
  {
    name: 'review',
    description: 'look at images of sensitive classes: make them, judge them by hand, count the flagged',
    load: async () => (await import('./review.ts')).reviewCommand,
  },
  {
    name: 'doctor',
    description: 'what this machine has and lacks: devices, threads, memory, caches, the hub; for bug reports',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    name: 'clean',
    description: 'show and remove what is kept on the disk and can be made again',
    load: async () => (await import('./clean.ts')).cleanCommand,
  },
  {
    name: 'completion',
    description: 'print the script with which a shell completes commands, options and names',
    load: async () => (await import('./completion.ts')).completionCommand,
  },
]
