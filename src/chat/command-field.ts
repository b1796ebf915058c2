import { z } from 'zod';
import { personName } from '../records/person.ts';
import { duration } from '../records/time.ts';
import { workspaceName } from '../records/workspace.ts';
import type { Command } from './command.ts';

/** One key of a command's input as people meet it: a word on the line, an option, a field of a form. */
export interface Field {
  readonly key: string;
  /** The option's name without dashes. */
  readonly option: string;
  readonly kind: 'flag' | 'negated-flag' | 'number' | 'text';
  /** Takes more than one value. */
  readonly many: boolean;
  readonly required: boolean;
  readonly positional: boolean;
  /** What stands for the value in help: `time`, `snapshot|cold`, `workspace`. */
  readonly placeholder: string;
  /** The only values there are; empty where anything may be written. */
  readonly choices: readonly string[];
  readonly label: string;
}

export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Takes off what only says whether a value may be left out. */
function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  const wraps = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable;
  return wraps ? unwrapped(schema.unwrap()) : schema;
}

/** What is written, where the schema turns it into something else. */
function written(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodPipe ? written(unwrapped(schema.def.in)) : schema;
}

/** `z.string().meta({ placeholder: 'file' })`, on whichever layer it was written. */
function declaredPlaceholder(schema: z.core.$ZodType): string | undefined {
  const declared = z.globalRegistry.get(schema)?.placeholder;
  if (typeof declared === 'string') return declared;
  const inner = unwrapped(schema);
  return inner === schema ? undefined : declaredPlaceholder(inner);
}

const WELL_KNOWN = new Map<z.core.$ZodType, string>([
  [duration, 'time'],
  [personName, 'person'],
  [workspaceName, 'workspace'],
]);

/** Longer lists of choices stand in the label, so that the help keeps its columns. */
const LONGEST_PLACEHOLDER = 24;

function describe(schema: z.core.$ZodType, option: string): Pick<Field, 'kind' | 'placeholder' | 'choices'> {
  const value = unwrapped(schema);
  const placeholder = declaredPlaceholder(schema) ?? WELL_KNOWN.get(value);
  const plain = written(value);
  if (plain instanceof z.ZodBoolean) return { kind: 'flag', placeholder: '', choices: [] };
  if (plain instanceof z.ZodNumber) return { kind: 'number', placeholder: placeholder ?? 'number', choices: [] };
  if (!(plain instanceof z.ZodEnum)) return { kind: 'text', placeholder: placeholder ?? option, choices: [] };
  const choices = plain.options.map(String);
  const all = choices.join('|');
  return { kind: 'text', placeholder: placeholder ?? (all.length > LONGEST_PLACEHOLDER ? option : all), choices };
}

function labelled(label: string, about: Pick<Field, 'placeholder' | 'choices'>): string {
  const shown = about.choices.length === 0 || about.placeholder === about.choices.join('|');
  return shown ? label : `${label} (${about.choices.join(', ')})`.trimStart();
}

export function fieldsOf(command: Pick<Command, 'input' | 'positional' | 'labels'>): Field[] {
  return Object.entries(command.input.shape).map(([key, schema]) => {
    const option = kebabCase(key);
    const plain = written(unwrapped(schema));
    const many = plain instanceof z.ZodArray;
    const about = describe(many ? plain.element : schema, option);
    const empty = z.safeParse(schema, undefined);
    const on = about.kind === 'flag' && empty.success && empty.data === true;
    return {
      ...about,
      key,
      option,
      many,
      kind: on ? 'negated-flag' : about.kind,
      required: !empty.success,
      positional: command.positional.includes(key),
      label: labelled(command.labels[key] ?? '', about),
    };
  });
}
