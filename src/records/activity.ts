import { z } from 'zod';
import { workspaceName } from './workspace.ts';

export const HOURS_OF_WEEK = 168;

/** How many workloads ran in each hour of one week, Monday 00:00 UTC first; null where nobody looked. */
const weekOfActivity = z.object({
  monday: z.iso.date(),
  hours: z.array(z.number().int().nonnegative().nullable()).length(HOURS_OF_WEEK),
});

/**
 * What people ran in a workspace in the last weeks, oldest week first. In UTC, so that it can be read in any time zone and
 * stays true when the workspace's changes.
 */
export const activity = z.object({ schema: z.literal(1), id: workspaceName, weeks: z.array(weekOfActivity) });
export type Activity = z.infer<typeof activity>;
