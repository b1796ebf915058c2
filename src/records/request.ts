import { z } from 'zod';
import { backupId, operationId, requestId } from './ids.ts';
import { person } from './person.ts';
import { restorePlan } from './plan.ts';
import { moment } from './time.ts';
import { workspaceName } from './workspace.ts';

export const vote = z.object({
  by: person,
  at: moment,
  approves: z.boolean(),
  reason: z.string().optional(),
});
export type Vote = z.infer<typeof vote>;

/** What was asked and who decided. Moved by one conditional write only. */
export const request = z.object({
  schema: z.literal(1),
  id: requestId,
  kind: z.enum(['restore']),
  workspace: workspaceName,
  backupId,
  by: person,
  reason: z.string().optional(),
  askedAt: moment,
  /** A pending request expires then; an approved one may not start after `expiresAt` of its approval. */
  expiresAt: moment,
  votesNeeded: z.number().int().min(1),
  votes: z.array(vote),
  plan: restorePlan,
  status: z.enum(['pending', 'approved', 'denied', 'expired', 'withdrawn', 'used']),
  decidedAt: moment.optional(),
  operationId: operationId.optional(),
});
export type Request = z.infer<typeof request>;
