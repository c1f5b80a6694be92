// Networks that were trained here, found in a folder: one run of `distilled train`, several beside each other, or all of a
// `distilled reproduce`. Each file says what it is; a student's run says by their hashes which teacher and tokenizer it was trained
// with, so that two of a kind are told apart and a wrong one is not taken.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { openFile } from '../../checkpoint/node/file-source.ts'
import { UsageError } from '../../core/errors.ts'
import { fileSha256 } from '../../jobs/node/manifest.ts'
import { isKept, type TrainedFacts, trainedFacts } from '../../models/trained-facts.ts'
import { holdsReleased, releasedIn } from '../../zoo/node/resolve.ts'
import type { ModelFiles } from './open.ts'

const weights = 'model.safetensors'

interface Trained {
  path: string
  facts: TrainedFacts
  /** Of a run that was made longer since: found by hash alone. */
  earlier: boolean
}

type NetworkRole = keyof ModelFiles

/**
 * Files in place of the folders that are named among `given`: the one network of that role in it. Without a tokenizer, that of the
 * run in the student's or the teacher's folder is taken.
 * @throws UsageError when a folder holds none or several of the role
 */
export async function filesOfFolders(given: ModelFiles, needTeacher = false): Promise<ModelFiles> {
  const files: Partial<Record<NetworkRole, string | undefined>> = { ...given }
  for (const role of ['student', 'teacher', 'tokenizer'] as const) {
    const path = given[role]
    if (isFolder(path)) files[role] = await fileOf(path, role)
  }
  const main = given.student === undefined ? 'teacher' : 'student'
  const folder = given[main]
  if (!isFolder(folder) || files.tokenizer !== undefined || holdsReleased(folder)) return files
  return (await trainedFiles(folder, { ...files, [main]: undefined }, needTeacher, main)) ?? files
}

const isFolder = (path: string | undefined): path is string =>
  path !== undefined && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)

async function fileOf(folder: string, role: NetworkRole): Promise<string> {
  const trained = (await trainedIn(folder))
    .filter(({ facts, earlier }) => facts.kind === role && !earlier)
    .map(({ path }) => path)
  const found = trained.length ? trained : releasedIn(folder, role)
  const [file, ...others] = found
  const remedy = `Name the file with \`${role}\`.`
  if (file === undefined) throw new UsageError(`\`${role}\` ${folder} is a folder without a ${role}.`, { remedy })
  if (!others.length) return file
  throw new UsageError(`\`${role}\` ${folder} is a folder with several ${role}s: ${found.join(', ')}.`, { remedy })
}

/**
 * The files of the one model in a folder; undefined when no network in it was trained here. The runs that it was trained with may
 * also lie beside the folder.
 * @param given files that are named already
 * @param wanted what is sampled with; a student where there is one
 * @throws UsageError that says what is there when it is not one model
 */
export async function trainedFiles(
  folder: string,
  given: ModelFiles,
  needTeacher = false,
  wanted?: 'student' | 'teacher',
): Promise<ModelFiles | undefined> {
  const inside = await trainedIn(folder)
  if (!inside.length) return undefined
  const listed = (all: readonly Trained[]) =>
    all.map(({ path, facts }) => `${relative(folder, path)} (${facts.kind})`).join(', ')
  const ofKind = (all: readonly Trained[], kind: string) => all.filter(({ facts }) => facts.kind === kind)
  const present = (all: readonly Trained[]) => all.filter(({ earlier }) => !earlier)

  const mainKinds = wanted ? [wanted] : ['student', 'teacher']
  const mainKind = given.student ? undefined : mainKinds.find((kind) => ofKind(present(inside), kind).length)
  const mains = mainKind === undefined ? [] : ofKind(present(inside), mainKind)
  if (!given.student && !mains.length && !given.teacher) {
    throw new UsageError(`${folder} holds neither a student nor a teacher, but ${listed(inside)}.`, {
      remedy: 'Name the folder of one, or its file with `student`.',
    })
  }
  if (mains.length > 1) {
    throw new UsageError(`${folder} holds several ${mainKind}s: ${listed(mains)}.`, {
      remedy: `Name the folder of one, or its file with \`${mainKind}\`.`,
    })
  }
  const [main] = mains
  const run = main?.facts.run as { pairs?: Record<string, unknown>; teacher?: unknown; tokenizer?: unknown } | undefined

  const partner = async (
    kind: 'teacher' | 'tokenizer',
    hash: unknown,
    needed: boolean,
  ): Promise<string | undefined> => {
    if (given[kind] !== undefined || main?.facts.kind === kind) return given[kind] ?? main?.path
    const near = ofKind(inside, kind)
    const found = near.length ? near : ofKind(await trainedBeside(folder), kind)
    if (typeof hash === 'string') {
      for (const { path } of found) if ((await fileSha256(path)) === hash) return path
    } else if (present(found).length === 1) return present(found)[0]!.path
    if (!needed) return undefined
    const remedy = `Name its file with \`${kind}\`.`
    if (!found.length) throw new UsageError(`${folder} holds ${listed(inside)} and no ${kind}.`, { remedy })
    const fault =
      typeof hash === 'string' ? `none is the ${kind} it was trained with, by its SHA-256` : 'nothing says which'
    throw new UsageError(`${main?.path ?? folder} needs its ${kind}, and of ${listed(found)} ${fault}.`, { remedy })
  }
  const tokenizerHash = run?.pairs?.tokenizerSha256 ?? run?.tokenizer
  return {
    student: given.student ?? (main?.facts.kind === 'student' ? main.path : undefined),
    teacher: await partner('teacher', run?.pairs?.teacherSha256 ?? run?.teacher, needTeacher),
    tokenizer: await partner('tokenizer', tokenizerHash, true),
  }
}

/** Networks trained here whose files are in the folder or one level down. */
async function trainedIn(folder: string): Promise<Trained[]> {
  const found: Trained[] = []
  const look = async (at: string, deeper: boolean): Promise<void> => {
    for (const name of readdirSync(at).sort()) {
      const path = join(at, name)
      const entry = statSync(path, { throwIfNoEntry: false })
      if (entry?.isDirectory() && deeper) await look(path, false)
      if (!entry?.isFile() || !name.endsWith('.safetensors')) continue
      const facts = await factsOf(path)
      const earlier = isKept(name) && existsSync(join(at, weights))
      if (facts) found.push({ path, facts, earlier })
    }
  }
  await look(folder, true)
  return found
}

/** The runs beside a folder; unreadable ones are left out. */
async function trainedBeside(folder: string): Promise<Trained[]> {
  const parent = dirname(resolve(folder))
  const found: Trained[] = []
  for (const name of readdirSync(parent).sort()) {
    const run = join(parent, name)
    if (run === resolve(folder) || !existsSync(join(run, weights))) continue
    for (const file of [weights, ...readdirSync(run).filter(isKept).sort()]) {
      const facts = await factsOf(join(run, file)).catch(() => undefined)
      if (facts) found.push({ path: join(run, file), facts, earlier: file !== weights })
    }
  }
  return found
}

async function factsOf(path: string): Promise<TrainedFacts | undefined> {
  const checkpoint = await openFile(path)
  try {
    return trainedFacts(path, checkpoint.metadata)
  } finally {
    await checkpoint.close()
  }
}
