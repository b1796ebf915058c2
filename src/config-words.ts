import { z } from 'zod';
import type { ConfigPath } from './config-yaml.ts';
import { nearest, suggest } from './nearest.ts';

export interface Problem {
  readonly path: ConfigPath;
  readonly text: string;
}

/**
 * Parses and says every problem in plain words. The words are set for the whole library while this runs (it does not
 * yield): schemas that choose among others by hand would not hand them on.
 */
export function parseInPlainWords<T>(schema: z.ZodType<T>, value: unknown): { data?: T; problems: Problem[] } {
  const before = z.config().customError;
  z.config({ customError: plainWords });
  try {
    const parsed = schema.safeParse(value);
    return parsed.success ? { data: parsed.data, problems: [] } : { problems: parsed.error.issues.flatMap(problemsOf) };
  } finally {
    z.config({ customError: before });
  }
}

/** An unknown key is a problem of its own, on its own line. */
function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, text: issue.message }];
  const sentences = issue.message.split('\n');
  return issue.keys.map((key, index) => ({ path: [...issue.path, key], text: sentences[index] ?? issue.message }));
}

function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, keysOf(issue.inst))).join('\n');
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing';
      return `must be ${wordFor(issue.expected)}, not ${wordFor(typeOf(issue.input))}`;
    case 'invalid_value':
      return oneOf(issue.input, issue.values.map(String));
    case 'invalid_key':
      return issue.issues[0]?.message;
    case 'invalid_union':
      return `must be ${[...new Set(issue.errors.flat().flatMap(expectedBy))].join(' or ')}`;
    case 'too_small':
      return issue.origin === 'number' ? `must be at least ${issue.minimum}` : 'must not be empty';
    case 'too_big':
      return issue.origin === 'number'
        ? `must be at most ${issue.maximum}`
        : `must not be longer than ${issue.maximum}`;
    default:
      return undefined;
  }
}

export function oneOf(input: unknown, known: readonly string[]): string {
  if (input === undefined) return 'is missing';
  const match = nearest(String(input), known);
  return `must be ${known.join(' or ')}${match === undefined ? '' : `: did you mean "${match}"?`}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  return `there is no such key. ${suggest(key, known, `Known here: ${known.join(', ')}.`)}`;
}

function keysOf(schema: unknown): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function expectedBy(issue: z.core.$ZodIssue): string[] {
  return issue.code === 'invalid_type' ? [wordFor(issue.expected)] : [];
}

function typeOf(input: unknown): string {
  if (input === null) return 'null';
  return Array.isArray(input) ? 'array' : typeof input;
}

function wordFor(type: string): string {
  const words: Record<string, string> = {
    string: 'text',
    boolean: 'true or false',
    object: 'a group of keys',
    record: 'a group of keys',
    array: 'a list',
    int: 'a whole number',
    null: 'empty',
    number: 'a number',
  };
  return words[type] ?? type;
}
