import { z } from 'zod';
import { moment } from './time.ts';
import { capture, partName } from './workspace.ts';

export const partKind = z.enum(['volume', 'shared-folder']);
export const partLocation = z.enum(['internal', 'external']);

/** A path that could not be read, relative to its part. `accepted`: a configured pattern says this is all right. */
export const unreadablePath = z.object({
  path: z.string(),
  accepted: z.boolean(),
  /** It was read, but its path is too long to be restored beside the live data. */
  tooDeep: z.boolean().optional(),
});
export type UnreadablePath = z.infer<typeof unreadablePath>;

/** One part as captured in one backup. Sizes in bytes. */
export const capturedPart = z.object({
  name: partName,
  kind: partKind,
  location: partLocation,
  capture,
  /** False for `after-start`: taken while services were up. */
  consistent: z.boolean(),
  /** Why it is only as consistent as after a crash: who had to be killed before it was taken. */
  crashConsistent: z.array(z.string()).optional(),
  takenAt: moment,
  copyId: z.string(),
  /** Where the part's root is inside the copy, absolute. */
  pathInCopy: z.string(),
  /** Everything that is not a directory. */
  files: z.number().int().nonnegative(),
  directories: z.number().int().nonnegative(),
  bytes: z.number().nonnegative(),
  unreadable: z.array(unreadablePath),
});
export type CapturedPart = z.infer<typeof capturedPart>;
