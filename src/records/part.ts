import { z } from 'zod';
import { moment } from './time.ts';
import { capture, partName } from './workspace.ts';

/** `vendor`: all that a control plane's backup holds, which nobody but the control plane can look into. */
export const partKind = z.enum(['volume', 'shared-folder', 'vendor']);
export const partLocation = z.enum(['internal', 'external']);

/** A path that could not be read, relative to its part. `accepted`: a configured pattern says this is all right. */
export const unreadablePath = z.object({
  path: z.string(),
  accepted: z.boolean(),
  /** It was read, but its path is too long to be restored beside the live data. */
  tooDeep: z.boolean().optional(),
});
export type UnreadablePath = z.infer<typeof unreadablePath>;

/** A backup that a control plane made and keeps; what its own fields say, and the words as it said them. */
export const keptBackup = z.object({
  crn: z.string(),
  name: z.string(),
  /** As it was told, not as we understood it. */
  status: z.string(),
  createdAt: z.string().optional(),
  release: z.string().optional(),
});
export type KeptBackup = z.infer<typeof keptBackup>;

/** One part as captured in one backup. Sizes in bytes; 0 for what we cannot see. */
export const capturedPart = z.object({
  name: partName,
  kind: partKind,
  location: partLocation,
  capture,
  /** False for `after-start`: taken while services were up. */
  consistent: z.boolean(),
  /** Why it is only as consistent as after a crash: who had to be killed before it was taken. */
  crashConsistent: z.array(z.string()).optional(),
  /** Why nobody can prove that it belongs to the same moment as the rest; then it is not called consistent either. */
  approximate: z.string().optional(),
  /** What stands behind it: its data was read again, or the control plane says so. Absent: `read`. */
  proof: z.enum(['read', 'vendor-reported']).optional(),
  /** Of a part that the control plane keeps. */
  kept: keptBackup.optional(),
  takenAt: moment,
  /** Absent for a part that the mover never had. */
  copyId: z.string().optional(),
  /** Where the part's root is inside the copy, absolute. */
  pathInCopy: z.string().optional(),
  /** Everything that is not a directory. */
  files: z.number().int().nonnegative(),
  directories: z.number().int().nonnegative(),
  bytes: z.number().nonnegative(),
  unreadable: z.array(unreadablePath),
});
export type CapturedPart = z.infer<typeof capturedPart>;

/** A part whose data is in the repository. */
export type CopiedPart = CapturedPart & { readonly copyId: string; readonly pathInCopy: string };

export function hasCopy<
  Part extends { readonly copyId?: string | undefined; readonly pathInCopy?: string | undefined },
>(part: Part): part is Part & { readonly copyId: string; readonly pathInCopy: string } {
  return part.copyId !== undefined && part.pathInCopy !== undefined;
}
