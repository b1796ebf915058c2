import { type CommanderError, Help, Command as Line, Option } from 'commander';
import { z } from 'zod';
import { personName } from '../records/person.ts';
import type { Command } from './command.ts';
import { type Field, fieldsOf } from './command-field.ts';
import { placeOf } from './input-problem.ts';

/** Options that go with every word, before or after it. Each chat decides which it takes. */
export interface Globals<Input extends z.ZodObject = z.ZodObject> {
  readonly input: Input;
  readonly labels: Readonly<Record<string, string>>;
}

export const lineGlobals = {
  input: z.object({
    json: z.boolean().default(false),
    detach: z.boolean().default(false),
    as: personName.optional(),
    config: z.string().min(1).meta({ placeholder: 'file' }).optional(),
  }),
  labels: {
    json: 'Print exactly one JSON document on standard output',
    detach: 'Do not stay until what was begun has ended',
    as: 'Speak as this person, whose token is then needed',
    config: 'The configuration to use instead of cml.yaml',
  },
} satisfies Globals;

export const noGlobals = { input: z.object({}), labels: {} } satisfies Globals;

export const GLOBALS_HEADING = 'With every word:';

/** Longer lines are hard to read, however wide the terminal is. */
const WIDEST = 100;
/** What explains a word needs this much room beside it; where there is less, it stands below. */
const NARROWEST_BESIDE = 28;
const INDENT = 6;

/** Told of whatever commander finds wrong; has to throw, since commander would end the process otherwise. */
type OnProblem<Word> = (cause: CommanderError, word?: Word) => never;

export interface LineLook {
  /** What people write before a word: `cml`, `/cml`. */
  readonly program?: string;
  /** How wide the help may be. */
  readonly columns?: number;
}

export interface LineTree<Word> {
  readonly root: Line;
  readonly lines: ReadonlyMap<Word, Line>;
  read(words: readonly string[]): { readonly command: Word; readonly line: Line };
}

export function positionalOf(command: Pick<Command, 'positional'>, fields: readonly Field[]): Field[] {
  return command.positional.flatMap((key) => fields.filter((field) => field.key === key));
}

function optionOf(field: Field): Option {
  if (field.kind === 'flag') return new Option(`--${field.option}`, field.label);
  if (field.kind === 'negated-flag') return new Option(`--no-${field.option}`, field.label);
  const option = new Option(`--${field.option} <${field.placeholder}>`, field.label);
  if (!field.many) return option;
  // Not commander's own variadic options: those swallow the words that follow them.
  return option.argParser<string[]>((value, before) => [...(before ?? []), value]);
}

function addWord(root: Line, command: Command): Line {
  const fields = fieldsOf(command);
  const places = positionalOf(command, fields);
  // Settings have to be inherited by every word: without them a bad line would end the process.
  const line = root.command(command.word).copyInheritedSettings(root).description(command.summary);
  line.helpGroup(`${command.group ?? 'Words'}:`).allowExcessArguments(true);
  for (const field of places) {
    // Always optional here: what is missing is said once, by the input's own check.
    line.argument(field.many ? `[${field.option}...]` : `[${field.option}]`, field.label);
  }
  const options = fields.filter(({ positional }) => !positional);
  for (const field of options) line.addOption(optionOf(field));
  return line.usage([...places.map(placeOf), ...(options.length > 0 ? ['[options]'] : [])].join(' '));
}

type FormatItem = Help['formatItem'];

function formatItem(usual: Help): FormatItem {
  return (term, termWidth, description, helper) => {
    const width = helper.helpWidth ?? WIDEST;
    if (description === '' || width - termWidth >= NARROWEST_BESIDE) {
      return usual.formatItem.call(helper, term, termWidth, description, helper);
    }
    const lines = helper.boxWrap(description, width - INDENT).split('\n');
    return [`  ${term}`, ...lines.map((line) => `${' '.repeat(INDENT)}${line}`)].join('\n');
  };
}

function createRoot(program: string, columns: number): Line {
  return new Line(program)
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined, outputError: () => undefined })
    .configureHelp({
      helpWidth: Math.min(columns, WIDEST),
      minWidthToWrap: 10,
      showGlobalOptions: true,
      styleTitle: (title) => (title === 'Global Options:' ? GLOBALS_HEADING : title),
      formatItem: formatItem(new Help()),
      subcommandTerm: (line) => `${line.name()} ${line.usage().replace(/ ?\[options\]$/, '')}`.trimEnd(),
    })
    .showSuggestionAfterError(false)
    .helpOption(false)
    .helpCommand(false)
    .allowUnknownOption(true)
    .usage('<word> [options]');
}

/** Built anew for every line: a commander tree keeps what it has read. Writes nothing and never ends the process. */
export function buildLine<Word extends Command>(
  commands: readonly Word[],
  globals: Globals,
  onProblem: OnProblem<Word>,
  { program = 'cml', columns = WIDEST }: LineLook = {},
): LineTree<Word> {
  let picked: { command: Word; line: Line } | undefined;
  const root = createRoot(program, columns).exitOverride((cause) => onProblem(cause));
  for (const field of fieldsOf({ ...globals, positional: [] })) {
    root.addOption(optionOf(field).helpGroup(GLOBALS_HEADING));
  }
  const lines = new Map<Word, Line>();
  for (const command of commands) {
    const line = addWord(root, command).exitOverride((cause) => onProblem(cause, command));
    lines.set(
      command,
      line.action(() => {
        picked = { command, line };
      }),
    );
  }
  return {
    root,
    lines,
    read(words) {
      root.parse(words, { from: 'user' });
      if (!picked) throw new Error('commander ended without picking a word');
      return picked;
    },
  };
}
