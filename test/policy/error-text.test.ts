// Errors of the library name options as a program writes them; the command line shows them as flags (src/cli/error-text.ts).
import { expect, it } from 'vitest'
import { read, sourceFiles } from './sources.ts'

const passedOver = [
  /^\s*(\/\/|\/\*\*|\*).*$/gm, // comments
  /\b(shellRemedy|flags):\s*(['"`]).*?\2/gs, // text for the command line alone
  /\b(distilled|npm|node) [^`;,\n]*/g, // a whole command may stand in an error, flags included
  /var\(--[\w-]+/g, // style sheets
  /\bsetFlagsFromString\(.*/g, // flags of V8
]
const flag = /(?<![\w-])--[a-z][a-z-]*(?![\w:-])/g

/** What a source says of flags in its texts. */
function flagsNamed(source: string): string[] {
  const text = passedOver.reduce((rest, pattern) => rest.replaceAll(pattern, ''), source)
  return text.match(flag) ?? []
}

it('finds a flag in a text, and passes over commands, remedies for shells and style sheets', () => {
  expect(flagsNamed("throw new UsageError('Give --kid-subset.')")).toEqual(['--kid-subset'])
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source of one
  expect(flagsNamed('const text = `--init ${path}: there is no such file.`')).toEqual(['--init'])
  expect(flagsNamed("const remedy = 'Run `distilled evaluate --save FILE.json`, or leave --save out.'")).toEqual([
    '--save',
  ])
  expect(flagsNamed("// --seed\nconst options = { shellRemedy: 'Give --model NAME.' }")).toEqual([])
  expect(flagsNamed("const style = 'svg { --line: 3px; color: var(--text); }'")).toEqual([])
})

it('no error of the library speaks of flags', () => {
  // The errors of access.ts are for the person who started the server.
  const ofCommands = /^src\/(cli|review)\/|^src\/server\/access\.ts$/
  const library = sourceFiles().filter((file) => !ofCommands.test(file))
  expect(library.length).toBeGreaterThan(200)
  expect(library.flatMap((file) => flagsNamed(read(file)).map((text) => `${file}: ${text}`))).toEqual([])
})
