import { z } from 'zod';
import { backupId, operationId } from './ids.ts';
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
  /** How long services were down in the last backups of this kind, in milliseconds, the newest first. */
  lastDowntimesMs: z.array(z.number()).optional(),
});

export const backupPlan = z.object({
  workspace: workspaceName,
  release: z.string(),
  services: z.array(serviceState),
  parts: z.array(partPlan),
  /** `whole`: the platform takes the cut, and stops and starts services for it, by itself. Absent: `per-part`. */
  cut: z.enum(['per-part', 'whole']).optional(),
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

/** One part that a restore brings back, or one path of it. */
export const restoredPart = z.object({
  name: partName,
  /** A path relative to the part's root; absent: the whole part. */
  within: z.string().optional(),
  is: z.enum(['folder', 'file']).default('folder'),
  /** Where the part stands now, absolute. */
  path: z.string(),
  copyId: z.string(),
  /** Where the part's root is inside the copy, absolute. */
  pathInCopy: z.string(),
  /** Of what is brought back. */
  files: z.number().int(),
  directories: z.number().int(),
  bytes: z.number(),
  consistent: z.boolean(),
});
export type RestoredPart = z.infer<typeof restoredPart>;

/** What stands in the live parts now, and how that was found out. */
const present = {
  /** What would be displaced. */
  overwrites: z.array(z.object({ name: partName, files: z.number(), bytes: z.number() })),
  /** Files written since `takenAt`, counted at `lookedAt`; undefined where that cannot be known. */
  writtenSince: z.number().int().optional(),
  lookedAt: moment,
  warnings: z.array(z.string()),
};

/** What a control plane's own restore would bring back; nobody else can put it into a workspace. */
export const vendorRestore = z.object({
  part: partName,
  crn: z.string(),
  /** As the control plane calls its backup. */
  name: z.string(),
  /** The release that the workspace will have; absent where the control plane does not tell. */
  releaseAfter: z.string().optional(),
  /** It is asked to come back under its static subdomain; without one it gets another host name. */
  useStaticSubdomain: z.boolean(),
  /** It makes this workspace, which does not stand yet. Absent: it overwrites the one that the backup was made of. */
  makes: z.object({ environment: z.string(), name: z.string() }).optional(),
  /** Why what stands there cannot be backed up before it is overwritten; absent when it is. */
  noSafetyBackup: z.string().optional(),
});
export type VendorRestore = z.infer<typeof vendorRestore>;

/** What a restore would do. Everything in `digest` was shown to the approver and may not change afterwards. */
export const restorePlan = z.object({
  backupId,
  manifestSha256: z.string(),
  /** The one that is brought back. */
  workspace: workspaceName,
  /** The one that the backup was taken of, where it is another. */
  fromWorkspace: workspaceName.optional(),
  takenAt: moment,
  /** `paths`: only what `parts` names; everything else stays as it is, the definition too. */
  scope: z.enum(['whole', 'paths']),
  parts: z.array(restoredPart),
  /** Absent when the present definition stays: for single paths, and for a backup of another workspace. */
  definition: z.object({ copyId: z.string(), pathInCopy: z.string(), sha256: z.string() }).optional(),
  releaseThen: z.string(),
  releaseNow: z.string(),
  /**
   * `in-place`: nothing can be built beside the live data, or there is no room, so it is written over, after a safety backup.
   * `vendor`: the same, but the control plane overwrites the workspace and cannot be asked to put it back.
   */
  way: z.enum(['swap', 'in-place', 'vendor']),
  /** Of what is in `parts` the mover brings back all; this is what the control plane brings back. */
  vendor: vendorRestore.optional(),
  undoable: z.boolean(),
  /** Paths that could not be read when the backup was taken, by part; only in a backup that is incomplete. */
  missing: z.array(z.string()).optional(),
  /** SHA-256 over what the approver decides on; nothing that drifts is part of it. */
  digest: z.string(),
  forecast,
  ...present,
});
export type RestorePlan = z.infer<typeof restorePlan>;

/** What an undo would do: bring back what an earlier restore, or undo, displaced. */
export const undoPlan = z.object({
  /** The operation that displaced it. */
  undoes: operationId,
  /** The backup that operation brought in. */
  backupId,
  workspace: workspaceName,
  /** Since when it has been displaced. */
  takenAt: moment,
  keptUntil: moment,
  parts: z.array(z.object({ name: partName, within: z.string().optional(), path: z.string() })),
  /** Absent when the earlier operation left the definition alone. */
  definitionSha256: z.string().optional(),
  releaseThen: z.string(),
  releaseNow: z.string(),
  digest: z.string(),
  forecast,
  ...present,
});
export type UndoPlan = z.infer<typeof undoPlan>;

/** What a deletion would remove for ever. */
export const deletePlan = z.object({
  backupId,
  workspace: workspaceName,
  takenAt: moment,
  files: z.number().int(),
  bytes: z.number(),
  /** Absent when it was made in the control plane's own page: we never wrote one. */
  manifestCopyId: z.string().optional(),
  /** What the control plane keeps of it. */
  vendor: z.object({ crn: z.string(), name: z.string() }).optional(),
  /** Copies of its parts, none of which another backup needs. */
  copyIds: z.array(z.string()),
  /** SHA-256 over what the approver decides on. */
  digest: z.string(),
  warnings: z.array(z.string()),
});
export type DeletePlan = z.infer<typeof deletePlan>;
