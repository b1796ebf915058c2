import { z } from 'zod';
import type { KubeContext } from './context.ts';
import { recordsOf } from './ledger.ts';

/** One snapshot of an operation, written down before it is asked for. */
export const notedSnapshot = z.object({
  part: z.string(),
  /** Of the VolumeSnapshot. */
  name: z.string(),
  claim: z.string(),
  driver: z.string(),
  class: z.string(),
  /** Folder of the volume that is the part's root, where the folder is served by a program of the workspace. */
  within: z.string().optional(),
});
export type NotedSnapshot = z.infer<typeof notedSnapshot>;

/** One that a filer makes by configured commands, kept here because the configuration may change meanwhile. */
const notedFiler = z.object({
  part: z.string(),
  /** The PersistentVolume that shows the live share. */
  volume: z.string(),
  make: z.array(z.string()),
  drop: z.array(z.string()),
  /** Where the filer shows it. */
  path: z.string(),
  isMade: z.boolean().optional(),
});
export type NotedFiler = z.infer<typeof notedFiler>;

const snapshotRecord = z.object({
  quietToken: z.string(),
  askedAt: z.string(),
  snapshots: z.array(notedSnapshot),
  filers: z.array(notedFiler).default([]),
});
export type SnapshotRecord = z.infer<typeof snapshotRecord>;

const SECTION = 'snapshots';

export async function readSnapshots(context: KubeContext, operationId: string): Promise<SnapshotRecord | undefined> {
  return recordsOf(context).read(operationId, SECTION, snapshotRecord);
}

export async function writeSnapshots(context: KubeContext, operationId: string, record: SnapshotRecord): Promise<void> {
  await recordsOf(context).write(operationId, SECTION, record);
}

export async function forgetSnapshots(context: KubeContext, operationId: string): Promise<void> {
  await recordsOf(context).forget(operationId, SECTION);
}
