import { z } from 'zod';
import { countedAtCut } from './counted.ts';
import { backupId, operationId } from './ids.ts';
import { capturedPart } from './part.ts';
import { person } from './person.ts';
import { moment } from './time.ts';
import { partName, workspaceName } from './workspace.ts';

/** Where the definition stands in the repository, and what it was. */
export const storedDefinition = z.object({
  copyId: z.string(),
  pathInCopy: z.string(),
  sha256: z.string(),
  release: z.string(),
});

/** What is written into the repository beside the data: enough to rebuild the catalog from the repository alone. */
export const manifest = z.object({
  schema: z.literal(1),
  id: backupId,
  name: z.string().optional(),
  workspace: workspaceName,
  operationId,
  by: person,
  trigger: z.enum(['person', 'schedule']),
  reason: z.string().optional(),
  /** The restore in place before which it was made: what stood there, and not what a workspace is brought back from unasked. */
  safetyFor: operationId.optional(),
  startedAt: moment,
  /** The cut: the moment all consistent parts belong to. */
  takenAt: moment,
  release: z.string(),
  downtimeMs: z.number().nonnegative(),
  definitionSha256: z.string(),
  parts: z.array(capturedPart),
  /** Parts that the configuration leaves out, with the reason. */
  leftOut: z.array(z.object({ name: z.string(), reason: z.string() })),
  warnings: z.array(z.string()),
  /** What the workspace's own checks counted on both sides of the cut. */
  counted: z.array(countedAtCut).optional(),
  /** Something outside of every part could not be read: nobody can name all that is missing. */
  hasUnnamedLoss: z.literal(true).optional(),
  status: z.enum(['completed', 'incomplete']),
});
export type Manifest = z.infer<typeof manifest>;

/** The share of all content that was compared, from 0, of so many. */
export const contentShare = z.object({ share: z.number().int().nonnegative(), of: z.number().int().min(2) });

/** The catalog's record of one backup: its manifest and what is known only after that was stored. Sizes in bytes. */
export const backup = manifest.extend({
  status: z.enum(['completed', 'incomplete', 'deleting', 'deleted']),
  /** `vendor`: made in the control plane's own page. It has no manifest and no definition of ours, and no copies. */
  trigger: z.enum(['person', 'schedule', 'vendor']),
  definition: storedDefinition.optional(),
  manifestCopyId: z.string().optional(),
  /** Of one made in the control plane's own page: over what was told of it. */
  manifestSha256: z.string(),
  endedAt: moment,
  durationMs: z.number().nonnegative(),
  files: z.number().int().nonnegative(),
  bytes: z.number().nonnegative(),
  addedBytes: z.number().nonnegative(),
  /** Kept for ever, until someone takes the pin away. In the catalog only: restic's own tags would change the copies' ids. */
  pinned: z.object({ by: z.string(), at: moment, reason: z.string().optional() }).optional(),
  /** The last time it was restored into a scratch place and found whole; how long that took, unless a crash came between. */
  verified: z
    .object({
      at: moment,
      operationId,
      restoreMs: z.number().optional(),
      files: z.number(),
      bytes: z.number(),
      content: contentShare.optional(),
      /** Parts that nobody could bring back; the control plane said that it has them. */
      vendorReported: z.array(partName).optional(),
    })
    .optional(),
});
export type Backup = z.infer<typeof backup>;
