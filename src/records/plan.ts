import { z } from 'zod';
import { backupId } from './ids.ts';
import { partKind, partLocation } from './part.ts';
import { moment } from './time.ts';
import { capture, partName, workspaceName } from './workspace.ts';

export const serviceState = z.object({ name: z.string(), running: z.boolean(), ready: z.boolean() });
export type ServiceState = z.infer<typeof serviceState>;

/** How one part will be captured, why so, and what it holds now (counted while services are up). */
export const partPlan = z.object({
  name: partName,
  kind: partKind,
  location: partLocation,
  path: z.string(),
  capture,
  reason: z.string(),
  files: z.number().int().nonnegative(),
  bytes: z.number().nonnegative(),
  /** Absolute paths below the part that belong to us and are never captured. */
  exclude: z.array(z.string()),
  /** Times of its files are from this machine's clock, so that they can be compared with it. */
  hasOwnClock: z.boolean().optional(),
});
export type PartPlan = z.infer<typeof partPlan>;

export const forecast = z.object({
  downtimeMs: z.number().nonnegative(),
  totalMs: z.number().nonnegative(),
  /** Where the numbers come from, in words. */
  basis: z.string(),
});

export const backupPlan = z.object({
  workspace: workspaceName,
  release: z.string(),
  services: z.array(serviceState),
  parts: z.array(partPlan),
  leftOut: z.array(z.object({ name: z.string(), reason: z.string() })),
  forecast,
  budgetMs: z.number(),
  noticeMs: z.number(),
  timeoutMs: z.number().optional(),
  /** The newest copies, whose unchanged files are not read again: of what is copied in the cut, and of what comes after. */
  parents: z.object({ cut: z.string().optional(), afterStart: z.string().optional() }),
  warnings: z.array(z.string()),
});
export type BackupPlan = z.infer<typeof backupPlan>;

/** What a restore would do. Everything in `digest` was shown to the approver and may not change afterwards. */
export const restorePlan = z.object({
  backupId,
  manifestSha256: z.string(),
  workspace: workspaceName,
  takenAt: moment,
  parts: z.array(
    z.object({
      name: partName,
      path: z.string(),
      copyId: z.string(),
      pathInCopy: z.string(),
      files: z.number().int(),
      directories: z.number().int(),
      bytes: z.number(),
      consistent: z.boolean(),
    }),
  ),
  definition: z.object({ copyId: z.string(), pathInCopy: z.string(), sha256: z.string() }),
  releaseThen: z.string(),
  releaseNow: z.string(),
  way: z.enum(['swap']),
  undoable: z.boolean(),
  /** SHA-256 over what the approver decides on; nothing that drifts is part of it. */
  digest: z.string(),
  forecast,
  /** What stands in the live parts now and would be displaced. */
  overwrites: z.array(z.object({ name: partName, files: z.number(), bytes: z.number() })),
  /** Files written since the backup was taken, counted at `lookedAt`; undefined where that cannot be known. */
  writtenSince: z.number().int().optional(),
  lookedAt: moment,
  warnings: z.array(z.string()),
});
export type RestorePlan = z.infer<typeof restorePlan>;

/** What a deletion would remove for ever. */
export const deletePlan = z.object({
  backupId,
  workspace: workspaceName,
  takenAt: moment,
  files: z.number().int(),
  bytes: z.number(),
  manifestCopyId: z.string(),
  /** Copies of its parts, none of which another backup needs. */
  copyIds: z.array(z.string()),
  /** SHA-256 over what the approver decides on. */
  digest: z.string(),
  warnings: z.array(z.string()),
});
export type DeletePlan = z.infer<typeof deletePlan>;
