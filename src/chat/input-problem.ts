import type { z } from 'zod';
import { suggest } from '../nearest.ts';
import type { Command } from './command.ts';
import { type Field, fieldsOf } from './command-field.ts';

type Described = Pick<Command, 'word' | 'input' | 'positional' | 'labels'>;

/** `cml backup <workspace> [--notice <time>]`, as short as the word allows. */
export function usageOf(command: Described, program = 'cml'): string {
  const fields = fieldsOf(command);
  const positional = command.positional.flatMap((key) => fields.filter((field) => field.key === key));
  const needed = fields.filter((field) => field.required && !field.positional);
  return [
    program,
    command.word,
    ...positional.map(placeOf),
    ...needed.map((field) => `${nameOf(field)} <${field.placeholder}>`),
  ]
    .filter((word) => word !== '')
    .join(' ');
}

/** How a positional key is shown: `<workspace>`, `[backup]`, `<paths...>`. */
export function placeOf(field: Field): string {
  const name = field.many ? `${field.option}...` : field.option;
  return field.required ? `<${name}>` : `[${name}]`;
}

function nameOf(field: Field): string {
  return field.positional ? `<${field.option}>` : `--${field.option}`;
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    given,
  );
}

function describeIssue(issue: z.core.$ZodIssue, field: Field, value: unknown): string {
  const name = nameOf(field);
  switch (issue.code) {
    case 'invalid_type':
      return `${name} has to be a ${issue.expected}, and "${String(value)}" is not`;
    case 'invalid_value':
      return `${name} cannot be "${String(value)}": it is one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return issue.origin === 'string'
        ? `${name} is too long: at most ${issue.maximum} characters`
        : `${name} is too much: at most ${issue.maximum}`;
    case 'too_small':
      return issue.origin === 'string'
        ? `${name} is too short: at least ${issue.minimum} characters`
        : `${name} is too little: at least ${issue.minimum}`;
    default:
      return issue.message.includes(String(value))
        ? `${name}: ${issue.message}`
        : `${name} "${String(value)}": ${issue.message}`;
  }
}

/** Every problem of an input in one plain sentence, and what to do about the first. */
export function inputProblem(command: Described, given: unknown, error: z.ZodError): { problem: string; hint: string } {
  const fields = fieldsOf(command);
  const usage = command.word === '' ? 'See "help".' : `Usage: ${usageOf(command)}; see "help ${command.word}".`;
  const problems: string[] = [];
  let hint = usage;
  for (const issue of error.issues) {
    const field = fields.find(({ key }) => key === issue.path[0]);
    const value = valueAt(given, issue.path);
    if (!field) problems.push(issue.message);
    else if (value === undefined && issue.code !== 'custom') problems.push(`"${command.word}" needs ${nameOf(field)}`);
    else problems.push(describeIssue(issue, field, value));
    if (hint === usage && issue.code === 'invalid_value') {
      hint = suggest(String(value), issue.values.map(String), usage);
    }
  }
  return { problem: `${problems.join('; ')}.`, hint };
}
