import { STATUS_CODES } from 'node:http';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { isAppError } from '../../errors.ts';
import { statusOf } from '../status.ts';
import type { WebEnv } from '../visitor.ts';
import { FieldsError } from './fields.ts';

/** RFC 9457. `code`, `detail` and `hint` are those of the terminal's `--json`: code, message and hint. */
export const problem = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().optional(),
    hint: z.string().optional(),
    /** Each field that was wrong. */
    errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
type Problem = z.infer<typeof problem>;

/** Answers everything that was thrown; what nobody expected is told to `onBug` too. */
export function createProblemAnswer(onBug: (error: unknown) => void) {
  return (error: Error, context: Context<WebEnv>): Response => {
    const { status, ...told } = problemOf(error, onBug);
    const body: Problem = { type: 'about:blank', title: STATUS_CODES[status] ?? 'Unknown', status, ...told };
    return context.body(JSON.stringify(body), status, { 'content-type': 'application/problem+json' });
  };
}

function problemOf(
  error: Error,
  onBug: (error: unknown) => void,
): Omit<Problem, 'type' | 'title' | 'status'> & { readonly status: ContentfulStatusCode } {
  if (isAppError(error)) {
    const { message: detail, code, hint } = error;
    return {
      ...{ status: statusOf(error), detail, code },
      ...(hint === undefined ? {} : { hint }),
      ...(error instanceof FieldsError ? { errors: [...error.fields] } : {}),
    };
  }
  if (error instanceof HTTPException) {
    const { status, message } = error;
    return { status, detail: message || `${STATUS_CODES[status]}.` };
  }
  onBug(error);
  return {
    status: 500,
    detail: 'Something went wrong that should not have.',
    hint: 'The log of the server tells more.',
  };
}
