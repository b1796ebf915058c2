import { z } from 'zod';
import { backupId, requestId } from '../records/ids.ts';
import { deletePlan, restorePlan, undoPlan } from '../records/plan.ts';
import { chosenCapture, workspaceSettings } from '../records/workspace.ts';
import { workloadsWish } from '../workspace/platform.ts';

/** What an operation's record keeps of what was asked, per kind. */
export const backupInput = z.object({
  backupId,
  name: z.string().optional(),
  noticeMs: z.number().optional(),
  capture: chosenCapture.optional(),
  workloads: workloadsWish.optional(),
});

export const restoreInput = z.object({
  requestId,
  plan: restorePlan,
  noticeMs: z.number().optional(),
  /** The workspace whose repository holds the backup, where it is another: its own copy of the configuration. */
  source: workspaceSettings.optional(),
});

export const undoInput = z.object({ requestId, plan: undoPlan, noticeMs: z.number().optional() });

export const deleteInput = z.object({ requestId, plan: deletePlan });

/** How soon all data is to be read again, and how often it is looked at; in milliseconds. */
export const checkInput = z.object({ withinMs: z.number().positive(), everyMs: z.number().positive() });

export const verifyInput = z.object({ backupId });
