import { z } from 'zod';
import { backupId, requestId } from '../records/ids.ts';
import { restorePlan } from '../records/plan.ts';
import { capture } from '../records/workspace.ts';

/** What an operation's record keeps of what was asked, per kind. */
export const backupInput = z.object({
  backupId,
  name: z.string().optional(),
  noticeMs: z.number().optional(),
  capture: capture.optional(),
});

export const restoreInput = z.object({ requestId, plan: restorePlan, noticeMs: z.number().optional() });
