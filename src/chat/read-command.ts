import type { CommanderError, Command as Line } from 'commander';
import type { z } from 'zod';
import { UserError } from '../errors.ts';
import { suggest } from '../nearest.ts';
import { type Command, parseInput } from './command.ts';
import { type Field, fieldsOf } from './command-field.ts';
import { buildLine, type Globals, lineGlobals, positionalOf } from './command-line.ts';
import { usageOf } from './input-problem.ts';

export interface Reading<Word extends Command, GlobalInput extends z.ZodObject> {
  readonly command: Word;
  /** What `command.run` takes. */
  readonly input: Record<string, unknown>;
  /** The same before it was checked and completed: what travels to a server, which checks it again. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly globals: z.output<GlobalInput>;
}

const HELP_OPTIONS = ['--help', '-h'];

const VERSION_OPTIONS = ['--version', '-V'];

/** `cml`, `cml --help` and `cml backup --help` are ways of saying `help`; `cml --version` is one of saying `version`. */
function asWord(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  const options = end === -1 ? words : words.slice(0, end);
  if (words.length === 0) return ['help'];
  const [first = '', ...rest] = words;
  if (VERSION_OPTIONS.includes(first)) return ['version', ...rest];
  if (!options.some((word) => HELP_OPTIONS.includes(word))) return words;
  return ['help', ...options.filter((word) => !word.startsWith('-') && word !== 'help').slice(0, 1)];
}

function asNumber(text: string): number | string {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function valueFor(field: Field, value: unknown): unknown {
  if (field.kind !== 'number') return value;
  return Array.isArray(value) ? value.map((item) => asNumber(String(item))) : asNumber(String(value));
}

/** Only what was written: defaults are the input's own business. */
function writtenOptions(line: Line, fields: readonly Field[]): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const field of fields) {
    if (field.positional || line.getOptionValueSource(field.key) !== 'cli') continue;
    given[field.key] = valueFor(field, line.getOptionValue(field.key));
  }
  return given;
}

function writtenPlaces(line: Line, command: Command, fields: readonly Field[]): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  const rest = [...line.args];
  for (const field of positionalOf(command, fields)) {
    const taken = field.many ? rest.splice(0) : rest.splice(0, 1);
    if (taken.length > 0) given[field.key] = valueFor(field, field.many ? taken : taken[0]);
  }
  if (rest.length > 0) {
    throw new UserError('bad-input', `"${command.word}" does not know what to do with "${rest.join(' ')}".`, {
      hint: `Usage: ${usageOf(command)}; text with spaces needs quotes.`,
    });
  }
  return given;
}

function optionsOf(described: Pick<Command, 'input' | 'positional' | 'labels'>): string[] {
  return fieldsOf(described)
    .filter(({ positional }) => !positional)
    .map((field) => (field.kind === 'negated-flag' ? `--no-${field.option}` : `--${field.option}`));
}

/** What commander found wrong, in our words. It gives names only in its messages, between quotes. */
function translate(cause: CommanderError, commands: readonly Command[], globals: Globals, word?: Command): UserError {
  const name = /'([^']*)'/.exec(cause.message)?.[1] ?? '';
  const see = word ? `See "help ${word.word}".` : 'See "help".';
  switch (cause.code) {
    case 'commander.unknownCommand': {
      const known = commands.map((command) => command.word);
      const hint = suggest(name, known, `The words are ${known.join(', ')}.`);
      return new UserError('bad-command', `There is no word "${name}".`, { cause, hint });
    }
    case 'commander.help':
      return new UserError('bad-command', 'The line does not say what to do.', { cause, hint: see });
    case 'commander.unknownOption': {
      const known = [...(word ? optionsOf(word) : []), ...optionsOf({ ...globals, positional: [] })];
      const option = name.replace(/=.*$/, '');
      return new UserError('bad-input', `"${word?.word ?? ''}" has no option ${option}.`, {
        cause,
        hint: suggest(option, known, see),
      });
    }
    case 'commander.optionMissingArgument':
      return new UserError('bad-input', `The option ${name.split(' ')[0] ?? name} needs a value.`, {
        cause,
        hint: see,
      });
    default:
      return new UserError('bad-input', `The line cannot be read: ${cause.message}.`, { cause, hint: see });
  }
}

/** The same as `readCommand` for a chat that takes other options with every word. */
export function readLine<Word extends Command, GlobalInput extends z.ZodObject>(
  commands: readonly Word[],
  words: readonly string[],
  globals: Globals<GlobalInput>,
): Reading<Word, GlobalInput> {
  const tree = buildLine(commands, globals, (cause, word) => {
    throw translate(cause, commands, globals, word);
  });
  const { command, line } = tree.read(asWord(words));
  const fields = fieldsOf(command);
  const given = { ...writtenPlaces(line, command, fields), ...writtenOptions(line, fields) };
  const everyWord = { ...globals, word: '', positional: [] };
  return {
    command,
    given,
    globals: parseInput(everyWord, writtenOptions(tree.root, fieldsOf(everyWord))),
    input: parseInput(command, given),
  };
}

/**
 * Reads one line of words.
 * @throws UserError `bad-command` for an unknown word, `bad-input` for anything wrong with its options or values.
 */
export function readCommand<Word extends Command>(
  commands: readonly Word[],
  words: readonly string[],
): Reading<Word, typeof lineGlobals.input> {
  return readLine(commands, words, lineGlobals);
}
