import { z } from 'zod';
import { moment } from '../../records/time.ts';
import { readState, removeState, writeState } from '../state-file.ts';
import { type CdpContext, stateFiles } from './context.ts';

/** What a workspace is told apart by: when one of these changed, another one stands there. */
const fingerprint = z.object({
  crn: z.string(),
  status: z.string(),
  environment: z.string().optional(),
  name: z.string().optional(),
  release: z.string().optional(),
  isRestored: z.boolean().optional(),
});

/** In place of a state: the workspace did not stand yet. */
export const ABSENT = 'absent';

/**
 * Written before a restore is sent and never taken back while its operation runs: a restore that stands here is not sent
 * again, whatever became of it. The API has no name for one, so it is found by what changed since.
 */
const restoreRecord = z.object({
  operationId: z.string(),
  backupCrn: z.string(),
  sentAt: moment,
  /** `sent`: nobody knows whether it was taken. `refused`: it surely was not. `taken`: it is under way, or over. */
  state: z.enum(['sent', 'refused', 'taken']),
  takenAt: moment.optional(),
  /** The workspace's CRN from then on, where the control plane told one. */
  workspaceCrn: z.string().optional(),
  before: fingerprint,
  /** Events of restores that were there before; absent where none can be asked for. */
  eventsBefore: z.array(z.string()).optional(),
  /** Its state was seen to be another one since. */
  hasChanged: z.boolean().optional(),
});
export type RestoreRecord = z.infer<typeof restoreRecord>;

/** The control plane ends its own work after its time-out; it is given so much longer to say so, in milliseconds. */
export const LATE_MS = 30 * 60_000;

/** Nobody waits longer for its end. */
export function endsBy({ settings }: CdpContext, { takenAt, sentAt }: RestoreRecord): Date {
  return new Date(Date.parse(takenAt ?? sentAt) + settings.restore.timeout + LATE_MS);
}

export function readRestore({ folder }: CdpContext, operationId: string): Promise<RestoreRecord | undefined> {
  return readState(stateFiles.restore(folder, operationId), restoreRecord);
}

export async function writeRestore({ folder }: CdpContext, record: RestoreRecord): Promise<RestoreRecord> {
  await writeState(stateFiles.restore(folder, record.operationId), record);
  return record;
}

export function forgetRestore({ folder }: CdpContext, operationId: string): Promise<void> {
  return removeState(stateFiles.restore(folder, operationId));
}
