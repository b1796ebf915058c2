import { z } from 'zod';
import type { Command } from '../command.ts';
import type { Field } from '../command-field.ts';
import { formFields, VALUE, type ViewMemory, YES } from './form-view.ts';

const element = z.looseObject({
  value: z.string().nullish(),
  selected_option: z.looseObject({ value: z.string() }).nullish(),
  selected_options: z.array(z.looseObject({ value: z.string() })).optional(),
});
const state = z.record(z.string(), z.record(z.string(), element));

/** What one field of a view holds; undefined when it was left empty. */
export function valueIn(values: unknown, blockId: string): string | readonly string[] | undefined {
  const read = state.safeParse(values).data?.[blockId]?.[VALUE];
  if (!read) return undefined;
  if (read.selected_options) return read.selected_options.map(({ value }) => value);
  const text = (read.selected_option?.value ?? read.value ?? '').trim();
  return text === '' ? undefined : text;
}

/** What was filled in, as the word takes it. */
export function formGiven(command: Command, values: unknown): ViewMemory['given'] {
  const given: ViewMemory['given'] = {};
  for (const field of formFields(command)) {
    const value = valueIn(values, `field:${field.key}`);
    if (field.kind === 'flag' || field.kind === 'negated-flag') {
      if (value?.includes(YES)) given[field.key] = field.kind === 'flag';
    } else if (typeof value === 'string') given[field.key] = read(field, value);
  }
  return given;
}

function read(field: Field, text: string): ViewMemory['given'][string] {
  if (field.many)
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  return field.kind === 'number' && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
