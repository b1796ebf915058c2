import { z } from 'zod';
import { backupId, operationId } from './ids.ts';
import { moment } from './time.ts';
import { workspaceName } from './workspace.ts';

/** A share of the repository that was found damaged, and who found it first. */
const damagedSlice = z.object({
  index: z.number().int().min(1),
  of: z.number().int().min(1),
  at: moment,
  operationId,
  /** Backups that need what is damaged, as far as the mover could tell. */
  backups: z.array(backupId),
  problems: z.array(z.string()),
});

/** How far the repository's data was read again: `done` of `of` slices in a round that began at `beganAt`. */
const reread = z.object({
  of: z.number().int().min(1),
  done: z.number().int().min(0),
  beganAt: moment,
  lastAt: moment,
  damaged: z.array(damagedSlice),
});

/** What is remembered of a workspace beside its backups, operations and requests. */
export const workspaceMarks = z.object({
  schema: z.literal(1),
  id: workspaceName,
  /** While it stands, nothing may be removed by age or number: a person has to look at the catalog first. */
  retentionOff: z.object({ since: moment, because: z.string() }).optional(),
  /** Ended operations that could not drop the copies they made, because the repository was away. */
  leftCopies: z.array(operationId),
  /** The share of content that the next verification compares, where not all of it is. */
  contentShare: z.number().int().nonnegative().optional(),
  /** Since when it is looked after although there is no backup of it yet. */
  watchedSince: moment.optional(),
  /** People were told that its backup is overdue: since when it is, and when they were told last. */
  overdue: z.object({ since: moment, saidAt: moment }).optional(),
  /** Its control plane removes it, and people were told: with it goes every backup that the control plane keeps. */
  leaving: z.object({ since: moment, standing: z.enum(['is being removed', 'is gone']) }).optional(),
  reread: reread.optional(),
});
export type WorkspaceMarks = z.infer<typeof workspaceMarks>;
