import type { z } from 'zod';
import { UserError } from '../../errors.ts';

/** One field that cannot be as it was given. */
export interface WrongField {
  readonly field: string;
  readonly detail: string;
}

/** What was given cannot be read, field by field. */
export class FieldsError extends UserError {
  readonly fields: readonly WrongField[];
  constructor(fields: readonly WrongField[], cause: unknown) {
    const told = fields.map(({ field, detail }) => (field === '' ? detail : `${field}: ${detail}`));
    super('bad-input', `That cannot be read: ${told.join('; ')}.`, {
      cause,
      hint: 'What there is to give stands in /api/v1/openapi.json.',
    });
    this.fields = fields;
  }
}

/** @throws FieldsError */
export function readFields<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  throw new FieldsError(read.error.issues.flatMap(wrongFieldsOf), read.error);
}

function wrongFieldsOf(issue: z.core.$ZodIssue): WrongField[] {
  const field = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') return [{ field, detail: issue.message }];
  return issue.keys.map((key) => ({ field: [...issue.path, key].join('.'), detail: 'there is no such field here' }));
}
