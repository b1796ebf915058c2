import { z } from 'zod';
import { backupId, operationId, requestId } from './ids.ts';
import { person } from './person.ts';
import { deletePlan, restorePlan, undoPlan } from './plan.ts';
import { moment } from './time.ts';
import { workspaceName } from './workspace.ts';

export const vote = z.object({
  by: person,
  at: moment,
  approves: z.boolean(),
  reason: z.string().optional(),
  /** They were told what the backup lacks, and want it all the same. */
  acceptsIncomplete: z.boolean().optional(),
  /** Given alone in an emergency, instead of the votes of others. */
  breakGlass: z.literal(true).optional(),
});
export type Vote = z.infer<typeof vote>;

const common = {
  schema: z.literal(1),
  id: requestId,
  workspace: workspaceName,
  backupId,
  by: person,
  reason: z.string().optional(),
  askedAt: moment,
  /** A pending request expires then; an approved one may not start after `expiresAt` of its approval. */
  expiresAt: moment,
  votesNeeded: z.number().int().min(1),
  votes: z.array(vote),
  status: z.enum(['pending', 'approved', 'denied', 'expired', 'withdrawn', 'used']),
  decidedAt: moment.optional(),
  operationId: operationId.optional(),
};

export const restoreRequest = z.object({
  ...common,
  kind: z.literal('restore'),
  plan: restorePlan,
  /** How long people are warned, in milliseconds, when the one who asked said so. */
  noticeMs: z.number().nonnegative().optional(),
});
export type RestoreRequest = z.infer<typeof restoreRequest>;
export const undoRequest = z.object({
  ...common,
  kind: z.literal('undo'),
  plan: undoPlan,
  noticeMs: z.number().nonnegative().optional(),
});
export type UndoRequest = z.infer<typeof undoRequest>;
export const deleteRequest = z.object({ ...common, kind: z.literal('delete'), plan: deletePlan });
export type DeleteRequest = z.infer<typeof deleteRequest>;

/** What was asked and who decided. Moved by one conditional write only. */
export const request = z.discriminatedUnion('kind', [restoreRequest, undoRequest, deleteRequest]);
export type Request = z.infer<typeof request>;
