import { Counter } from 'prom-client';
import { z } from 'zod';
import { isRestore, type Operation, type OperationView } from '../records/operation.ts';
import type { Instruments } from './instruments.ts';

/** Steps that copy into the repository, and those that bring back what stands there. */
const UPLOADS: readonly string[] = ['pre-copy', 'safety pre-copy', 'safety copy', 'copy snapshots'];
const DOWNLOADS: readonly string[] = ['fill', 'write in place', 'write folders'];

const planned = z.object({ parts: z.array(z.object({ capture: z.string() })) });
const warned = z.object({ warnings: z.array(z.string()) });

/** Counts that it began. Call once for each, before its end is counted. */
export function countBegin(to: Instruments, { kind, workspace }: Pick<Operation, 'kind' | 'workspace'>): void {
  if (kind === 'backup') to.backupAttempts.inc({ workspace });
  else if (kind === 'delete') to.deletionAttempts.inc({ workspace });
  else if (isRestore(kind)) to.restoreAttempts.inc({ workspace });
}

/** Counts what one ended operation did. Call once for each. */
export function countEnd(to: Instruments, operation: Operation, view: OperationView): void {
  const { workspace, kind, status } = operation;
  outcomeOf(to, operation)?.inc({ workspace });
  const { journal } = operation;
  for (const event of journal) {
    if (event.type !== 'step-done' && event.type !== 'step-failed') continue;
    transferOf(to, event)?.inc({ workspace });
  }
  countSnapshots(to, operation);
  if (status === 'succeeded') to.backupWarnings.inc({ workspace }, warningsOf(operation));
  const tookSeconds = (Date.parse(operation.endedAt ?? operation.startedAt) - Date.parse(operation.startedAt)) / 1000;
  if (status === 'succeeded' && kind === 'backup') to.backupSeconds.observe({ workspace }, tookSeconds);
  if (status === 'succeeded' && isMaintenance(kind)) to.maintenanceSeconds.observe({ workspace }, tookSeconds);
  if (status === 'succeeded' && isRestore(kind)) to.restoreSeconds.observe({ workspace }, tookSeconds);
  if (view.downtimeMs === undefined) return;
  to.downSeconds.observe({ workspace }, view.downtimeMs / 1000);
  to.lastDownSeconds.set({ workspace }, view.downtimeMs / 1000);
}

/** Its graphs begin with 0 and not with the first failure, which an alert on their growth would miss. */
export function countNothing(to: Instruments, workspace: string): void {
  for (const instrument of Object.values(to)) if (instrument instanceof Counter) instrument.inc({ workspace }, 0);
}

function isMaintenance(kind: Operation['kind']): boolean {
  return kind === 'prune' || kind === 'check';
}

function outcomeOf(to: Instruments, { kind, status, error }: Operation): Counter<'workspace'> | undefined {
  const isRefused = error?.code === 'preflight-failed';
  if (kind === 'backup') {
    if (status === 'succeeded') return to.backupSuccesses;
    if (status === 'cancelled') return to.backupCancels;
    if (error?.code === 'backup-incomplete') return to.backupPartialFailures;
    return isRefused ? to.backupValidationFailures : to.backupFailures;
  }
  if (kind === 'delete') return status === 'succeeded' ? to.deletionSuccesses : to.deletionFailures;
  if (kind === 'verify') return status === 'succeeded' ? to.verifySuccesses : to.verifyFailures;
  if (isMaintenance(kind)) return status === 'succeeded' ? to.maintenanceSuccesses : to.maintenanceFailures;
  if (!isRestore(kind)) return undefined;
  if (status === 'succeeded') return to.restoreSuccesses;
  if (status === 'cancelled') return to.restoreCancels;
  return isRefused ? to.restoreValidationFailures : to.restoreFailures;
}

type StepEnd = Extract<Operation['journal'][number], { type: 'step-done' | 'step-failed' }>;

function transferOf(to: Instruments, event: StepEnd): Counter<'workspace'> | undefined {
  const isUpload = UPLOADS.includes(event.step);
  if (!isUpload && !DOWNLOADS.includes(event.step)) return undefined;
  if (event.type === 'step-done') {
    // A copy step that had nothing to copy has no result.
    if (isUpload) return event.result === undefined ? undefined : to.uploadSuccesses;
    return to.downloadSuccesses;
  }
  const isCancel = event.error.code === 'cancelled';
  if (isUpload) return isCancel ? to.uploadCancels : to.uploadFailures;
  return isCancel ? to.downloadCancels : to.downloadFailures;
}

function countSnapshots(to: Instruments, { workspace, journal }: Operation): void {
  const preflight = journal.find((event) => event.type === 'step-done' && event.step === 'preflight');
  const plan = planned.safeParse(preflight && 'result' in preflight ? preflight.result : undefined).data;
  if (!plan?.parts.some(({ capture }) => capture === 'snapshot')) return;
  if (!journal.some((event) => event.type === 'step-began' && event.step === 'cut')) return;
  const isDone = journal.some((event) => event.type === 'step-done' && event.step === 'cut');
  to.snapshotAttempts.inc({ workspace });
  (isDone ? to.snapshotSuccesses : to.snapshotFailures).inc({ workspace });
}

function warningsOf({ kind, outcome }: Operation): number {
  return kind === 'backup' ? (warned.safeParse(outcome).data?.warnings.length ?? 0) : 0;
}
