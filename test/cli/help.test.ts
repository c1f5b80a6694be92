// Every command of the tree explains itself: a description, examples, and a sentence for every option and argument.
import type { Command } from 'commander'
import { expect, it } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { programOf } from '../../src/cli/program.ts'
import { distilled } from './command-line.ts'

const io = { stdout: { write() {} }, stderr: { write() {} }, signal: new AbortController().signal }
const program = await programOf(io)

const below = (command: Command): Command[] => [command, ...command.commands.flatMap(below)]
const pathOf = (command: Command): string[] => (command.parent ? [...pathOf(command.parent), command.name()] : [])
const tree = below(program).map((command): [string, Command] => [pathOf(command).join(' '), command])

it('the tree holds what the table lists', () => {
  expect(program.commands.map((command) => command.name())).toEqual(commands.map(({ name }) => name))
  expect(tree.length).toBeGreaterThan(25)
})

it.each(tree)('%s', async (path, command) => {
  expect(command.description()).toMatch(/^[\w'].*\w/)
  for (const { flags, description } of command.options)
    if (flags !== '-V') expect([flags, description]).toEqual([flags, expect.stringMatching(/\w{2}/)])
  for (const argument of command.registeredArguments)
    expect([argument.name(), argument.description]).toEqual([argument.name(), expect.stringMatching(/\w{2}/)])
  const { code, stdout, stderr } = await distilled(...path.split(' ').filter(Boolean), '--help')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/\nExamples:\n {2}\$ /)
  if (!path) return
  expect(stdout).toMatch(new RegExp(`\\$ (?:[\\w<>$()/. ~-]*)?distilled ${path.split(' ')[0]}`))
})

it('progress can be shown or hidden where a result is counted up', () => {
  const flags = (path: string) => tree.find(([name]) => name === path)![1].options.map(({ long }) => long)
  for (const path of ['sample', 'evaluate', 'features', 'pairs', 'export', 'download', 'reproduce', 'review run'])
    expect([path, flags(path)]).toEqual([path, expect.arrayContaining(['--progress', '--no-progress', '--quiet'])])
})

it('of one command is that command’s, whichever way it is asked for', async () => {
  expect((await distilled('help', 'sample')).stdout).toBe((await distilled('sample', '--help')).stdout)
})
