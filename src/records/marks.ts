import { z } from 'zod';
import { operationId } from './ids.ts';
import { moment } from './time.ts';
import { workspaceName } from './workspace.ts';

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
});
export type WorkspaceMarks = z.infer<typeof workspaceMarks>;
