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
    description: "serve models over HTTP: a web app, OpenAI's image API, progress events, metrics",
    load: async () => (await import('./serve.ts')).serveCommand,
  },
  {
    name: 'models',
    description: 'list the models, which of them are on this machine, and the classes',
    load: async () => (await import('./models.ts')).modelsCommand,
  },
  {
    name: 'download',
    description: 'fetch a model and its tokenizer from the Hugging Face hub',
    load: async () => (await import('./download.ts')).downloadCommand,
  },
  {
    name: 'inspect',
    description: 'show the contents of a checkpoint file: state dicts, tensors, and which model it looks like',
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
    description: 'look at the data that a model is trained on',
    load: async () => (await import('./data.ts')).dataCommand,
  },
  {
    name: 'train',
    description: 'train a network of the method: classifier, tokenizer, teacher or student',
    load: async () => (await import('./train.ts')).trainCommand,
  },
  {
    name: 'pairs',
    description: 'make the (class, noise, tokens) pairs that a student is trained on',
    load: async () => (await import('./pairs.ts')).pairsCommand,
  },
  {
    name: 'reproduce',
    description: 'train everything from nothing: classifier, tokenizer, teacher, pairs, student, table',
    load: async () => (await import('./reproduce.ts')).reproduceCommand,
  },
  {
    name: 'evaluate',
    description: 'measure FID, sFID, Inception Score, precision, recall and KID, with their protocol',
    load: async () => (await import('./evaluate.ts')).evaluateCommand,
  },
  {
    name: 'features',
    description: 'run Inception or another network on images and keep the features, in shards',
    load: async () => (await import('./features.ts')).featuresCommand,
  },
  {
    name: 'report',
    description: 'put results of evaluations on one page: tables, plots, samples, protocols',
    load: async () => (await import('./report.ts')).reportCommand,
  },
  {
    name: 'review',
    description: 'make images of sensitive classes, review them by hand, count the flagged ones',
    load: async () => (await import('./review.ts')).reviewCommand,
  },
  {
    name: 'doctor',
    description: 'report what works on this machine and what is missing: devices, threads, memory, caches, the hub',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    name: 'clean',
    description: 'list and remove files that can be made again',
    load: async () => (await import('./clean.ts')).cleanCommand,
  },
  {
    name: 'completion',
    description: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./completion.ts')).completionCommand,
  },
]
