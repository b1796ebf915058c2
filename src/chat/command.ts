import type { z } from 'zod';
import { UserError } from '../errors.ts';
import type { Answer } from './answer.ts';
import { inputProblem } from './input-problem.ts';

/**
 * A word that people may say, as data: every chat reads its line, its form and its help from here. Option names are the
 * kebab-case of the input's keys; booleans are flags, a list may be given by repeating its option.
 */
export interface Command<Context = never, Input extends z.ZodObject = z.ZodObject> {
  readonly word: string;
  /** One short line without a full stop. */
  readonly summary: string;
  /** Heading in the help; words of one group stand together. */
  readonly group?: string;
  readonly input: Input;
  /** Keys that are written without their option, in order; the last one takes all that is left if it is a list. */
  readonly positional: readonly string[];
  /** What each key is for, in help and forms. */
  readonly labels: Readonly<Record<string, string>>;
  run(context: Context, input: z.output<Input>): Promise<Answer>;
}

export function defineCommand<Context, Input extends z.ZodObject>(
  command: Command<Context, Input> & { readonly positional: readonly (keyof z.input<Input> & string)[] },
): Command<Context, Input> {
  return command;
}

/**
 * Reads what was given for a command; `given` may come from a line, a form or a socket.
 * @throws UserError `bad-input` with every problem in one sentence.
 */
export function parseInput<Input extends z.ZodObject>(
  command: Pick<Command<never, Input>, 'word' | 'input' | 'positional' | 'labels'>,
  given: unknown,
): z.output<Input> {
  const read = command.input.safeParse(given);
  if (read.success) return read.data;
  const { problem, hint } = inputProblem(command, given, read.error);
  throw new UserError('bad-input', problem, { hint });
}
