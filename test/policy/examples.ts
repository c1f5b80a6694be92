// The @example blocks of the docblocks in src/, and how one is run: as it is printed.
import { parseAst } from 'vite'
import { read, sourceFiles } from './sources.ts'

export interface Example {
  file: string
  code: string
}

export const docblocks: readonly Example[] = sourceFiles().flatMap((file) =>
  [...read(file).matchAll(/@example\n((?: *\* .*\n)+)/g)].map(([, block]) => ({
    file,
    code: block!
      .split('\n')
      .map((line) => line.replace(/^ *\* /, ''))
      .filter((line) => !line.startsWith('@'))
      .join('\n')
      .trim(),
  })),
)

/**
 * The body of a function that runs an example; its parameters are the values that the example does not declare. It returns
 * the value of the last statement where that is an expression.
 */
export function bodyOf(code: string): { body: string; returns: boolean } {
  const last = parseAst(code, { sourceType: 'module' }).body.at(-1)!
  const returns = last.type === 'ExpressionStatement'
  const statements = returns ? `${code.slice(0, last.start)}return ${code.slice(last.start)}` : code
  return { body: `{\n${statements}\n}`, returns } // a block: its declarations may shadow parameters
}
