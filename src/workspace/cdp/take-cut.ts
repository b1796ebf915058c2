import type { BackupPlan } from '../../records/plan.ts';
import type { Quiet, WorkspacePlatform } from '../platform.ts';
import type { Snapshot } from '../snapshot.ts';
import type { CdpContext } from './context.ts';
import { followBackup } from './follow-backup.ts';
import { pathOfCrn } from './names.ts';
import { beginOwnBackup } from './own-backup.ts';
import { awaitStill } from './still.ts';

type SnapshotOptions = NonNullable<Parameters<WorkspacePlatform['snapshot']>[3]>;

/**
 * Has the control plane take its backup and follows it to its end; snapshots of external folders are made meanwhile, in the
 * time in which the database is gone.
 */
export async function takeCut(
  context: CdpContext,
  operationId: string,
  plan: BackupPlan,
  quiet: Quiet,
  { signal: given, onProgress }: SnapshotOptions,
): Promise<Snapshot[]> {
  const failing = new AbortController();
  const signal = given ? AbortSignal.any([given, failing.signal]) : failing.signal;
  const failed = (cause: unknown) => {
    failing.abort(cause);
    throw cause;
  };
  const vendor = takeVendorPart(context, operationId, plan, quiet, { signal, ...(onProgress ? { onProgress } : {}) });
  const beside = takeBeside(context, operationId, plan, quiet, signal);
  // Both have come to rest before a failure is told: the one that lives on would act on what is being undone.
  const [taken, besides] = await Promise.allSettled([vendor.catch(failed), beside.catch(failed)]);
  if (taken.status === 'fulfilled' && besides.status === 'fulfilled') return [...taken.value, ...besides.value];
  throw failing.signal.reason;
}

async function takeVendorPart(
  context: CdpContext,
  operationId: string,
  plan: BackupPlan,
  quiet: Quiet,
  { signal, onProgress }: SnapshotOptions,
): Promise<Snapshot[]> {
  const part = plan.parts.find(({ capture }) => capture === 'vendor');
  if (!part) return [];
  const backupCrn = await beginOwnBackup(context, operationId, plan, { signal });
  const kept = await followBackup(context, {
    ...{ backupCrn, signal, onProgress, budgetMs: plan.budgetMs },
    until: new Date(Date.parse(quiet.stoppedAt) + plan.budgetMs),
  });
  const takenAt = momentOf(kept.createdAt) ?? quiet.stoppedAt;
  return [{ part: part.name, path: pathOfCrn(kept.crn), takenAt, kept }];
}

/** As our own records write it; undefined for what is no moment. */
function momentOf(told: string | undefined): string | undefined {
  const at = new Date(told ?? '');
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

async function takeBeside(
  context: CdpContext,
  operationId: string,
  plan: BackupPlan,
  quiet: Quiet,
  signal: AbortSignal,
): Promise<Snapshot[]> {
  const parts = plan.parts.filter(({ capture }) => capture === 'snapshot');
  if (parts.length === 0) return [];
  const { unproven } = await awaitStill(context, quiet, { signal });
  const snapshots = await context.files.snapshot(operationId, { ...plan, parts }, quiet, { signal });
  return unproven === undefined ? snapshots : snapshots.map((one) => ({ ...one, approximate: unproven }));
}
