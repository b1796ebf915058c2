import { UserError } from '../errors.ts';
import { suggest } from '../nearest.ts';
import type { Command } from './command.ts';
import { buildLine, GLOBALS_HEADING, type Globals, type LineLook, lineGlobals } from './command-line.ts';

export interface HelpOptions extends LineLook {
  readonly globals?: Globals;
}

function neverParses(cause: Error): never {
  throw cause;
}

/** All words, grouped, in at most 100 columns and no more than there are. */
export function helpForAll(commands: readonly Command[], options: HelpOptions = {}): string {
  const { globals = lineGlobals, program = 'cml' } = options;
  const { root } = buildLine(commands, globals, neverParses, options);
  // commander puts options first; people look for the words.
  const [usage = '', ...sections] = root.helpInformation().trimEnd().split('\n\n');
  const words = sections.filter((section) => !section.startsWith(GLOBALS_HEADING));
  const others = sections.filter((section) => section.startsWith(GLOBALS_HEADING));
  return `${[usage, ...words, ...others, `More about one word: ${program} help <word>`].join('\n\n')}\n`;
}

/**
 * One word with everything that may be written after it.
 * @throws UserError `bad-command` when there is no such word.
 */
export function helpForWord(commands: readonly Command[], word: string, options: HelpOptions = {}): string {
  const { globals = lineGlobals } = options;
  for (const [command, line] of buildLine(commands, globals, neverParses, options).lines) {
    if (command.word === word) return line.helpInformation();
  }
  const known = commands.map((command) => command.word);
  throw new UserError('bad-command', `There is no word "${word}".`, {
    hint: suggest(word, known, `The words are ${known.join(', ')}.`),
  });
}
