import type { Context } from 'hono';
import type { z } from 'zod';
import { UserError } from '../errors.ts';

/** The fields of a form that was sent. @throws UserError `bad-input` when that is no form. */
export async function readForm(context: Context): Promise<FormData> {
  try {
    return await context.req.formData();
  } catch (cause) {
    throw new UserError('bad-input', 'What was sent is not a form.', { cause });
  }
}

/** The same as values of a known shape; what was left empty was not said. @throws UserError `bad-input`. */
export async function parseForm<Shape>(context: Context, schema: z.ZodType<Shape>): Promise<Shape> {
  return parseFields([...(await readForm(context))], schema);
}

/** What stands behind the question mark. @throws UserError `bad-input`. */
export function parseQuery<Shape>(context: Context, schema: z.ZodType<Shape>): Shape {
  return parseFields([...new URL(context.req.url).searchParams], schema);
}

function parseFields<Shape>(fields: readonly (readonly [string, unknown])[], schema: z.ZodType<Shape>): Shape {
  const said = fields.filter(([, value]) => typeof value === 'string' && value.trim() !== '');
  const read = schema.safeParse(Object.fromEntries(said));
  if (read.success) return read.data;
  const [first] = read.error.issues;
  const at = first?.path.join('.');
  throw new UserError('bad-input', `That cannot be read${at ? ` (${at})` : ''}: ${first?.message ?? 'unknown form'}.`, {
    cause: read.error,
  });
}
