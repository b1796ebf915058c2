import { z } from 'zod';

/**
 * What somebody may do through the page and its API at most: look, change things, decide on requests, read the files of a
 * backup. What they may do with a workspace is the orchestrator's to say.
 */
export const scope = z.enum(['read', 'write', 'approve', 'files']);
export type Scope = z.infer<typeof scope>;

/** Of people who are there themselves. */
export const everyScope: readonly Scope[] = scope.options;

/** By which a token of a program is known where tokens are listed. */
export const tokenName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'a token is named with small letters, digits and -');
