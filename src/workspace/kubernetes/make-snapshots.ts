import { explain, OperationError } from '../../errors.ts';
import type { BackupPlan } from '../../records/plan.ts';
import { writeDuration } from '../../records/time.ts';
import type { EffectOptions, Quiet } from '../platform.ts';
import type { Snapshot } from '../snapshot.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { type CutSight, cutOf } from './cut-of-snapshot.ts';
import { askToDropSnapshots, dropSnapshots } from './drop-snapshots.ts';
import { makeFilerSnapshots, noteFiler } from './filer-snapshot.ts';
import { findParts } from './find-parts.ts';
import type { FoundPart } from './found.ts';
import { flushHeld } from './hold-attached.ts';
import { SNAPSHOT, type VolumeSnapshot } from './kinds.ts';
import { LONGHORN } from './longhorn.ts';
import { claimNameOf, LABELS, OURS, placePath } from './names.ts';
import { assertSameQuiet } from './quiet.ts';
import { readStorage, type Storage } from './read-storage.ts';
import { usableClassOf } from './snapshot-class.ts';
import { type NotedSnapshot, readSnapshots, type SnapshotRecord, writeSnapshots } from './snapshot-record.ts';

/**
 * Has storage take all parts that are planned as `snapshot`, in parallel. Resolves when each is cut, which is long before it
 * can be read. When one cannot be, all are removed: one that is not ready would hold its claim (reference/kube-traces 09).
 * @throws OperationError `not-quiet`; `plan-changed` when a part cannot be taken so any more; `part-missing` with what the
 * driver said.
 */
export async function makeSnapshots(
  context: KubeContext,
  operationId: string,
  plan: BackupPlan,
  quiet: Quiet,
  options: EffectOptions = {},
): Promise<Snapshot[]> {
  await assertSameQuiet(context, quiet);
  const wanted = plan.parts.filter(({ capture }) => capture === 'snapshot').map(({ name }) => name);
  if (wanted.length === 0) return [];
  const record = await recordOf(context, operationId, wanted, quiet.token);
  try {
    if (record.snapshots.some(({ driver }) => driver === LONGHORN)) await flushHeld(context, operationId, options);
    return await takeAll(context, operationId, record, options);
  } catch (cause) {
    options.signal?.throwIfAborted(); // `release` removes them; services must not wait for that
    await removeAtOnce(context, operationId);
    throw cause;
  }
}

/** The cluster's and the filers' side by side; when one fails, nobody waits for the others. */
async function takeAll(
  context: KubeContext,
  operationId: string,
  record: SnapshotRecord,
  { signal }: EffectOptions,
): Promise<Snapshot[]> {
  const over = new AbortController();
  const either = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  const orEnd = <T>(work: Promise<T>) =>
    work.catch((cause: unknown) => {
      over.abort(cause);
      throw cause;
    });
  const inCluster = async () => {
    await Promise.all(record.snapshots.map((noted) => ask(context, operationId, noted)));
    return awaitCut(context, operationId, record, { signal: either });
  };
  const [taken, byFilers] = await Promise.allSettled([
    orEnd(record.snapshots.length > 0 ? inCluster() : Promise.resolve([])),
    orEnd(makeFilerSnapshots(context, operationId, either)),
  ]);
  signal?.throwIfAborted();
  if (over.signal.aborted) throw over.signal.reason;
  if (taken.status === 'rejected' || byFilers.status === 'rejected')
    throw new Error('a snapshot failed without a reason');
  // Before it was asked for, and while nobody wrote.
  return [
    ...taken.value,
    ...record.filers.map(({ part }) => answer({ part, takenAt: record.askedAt }, record.askedAt)),
  ];
}

/** Services are down: nobody waits until storage has let go. What could not be removed now is removed by `release`. */
async function removeAtOnce(context: KubeContext, operationId: string): Promise<void> {
  const failures = await askToDropSnapshots(context, operationId).then(
    (done) => done.failures,
    (cause: unknown) => [cause],
  );
  for (const cause of failures)
    context.log.warn({ operationId, why: explain(cause) }, 'a snapshot that failed is still there');
}

/** What was asked for in this quiet time already; what belongs to another one is of no use to anyone. */
async function recordOf(
  context: KubeContext,
  operationId: string,
  wanted: readonly string[],
  quietToken: string,
): Promise<SnapshotRecord> {
  const standing = await readSnapshots(context, operationId);
  if (standing?.quietToken === quietToken) return standing;
  if (standing) await dropSnapshots(context, operationId);
  const storage = await readStorage(context);
  const { parts } = await findParts(context, storage);
  const found = wanted.map((name) => {
    const part = parts.find((candidate) => candidate.name === name);
    if (!part) throw impossible(name, 'its claim is gone');
    return part;
  });
  const record = {
    ...{ quietToken, askedAt: context.clock.now().toISOString() },
    snapshots: found.filter(({ filer }) => !filer).map((part) => noteOf(context, operationId, part, storage)),
    filers: found.flatMap((part) => noteFiler(part) ?? []),
  };
  await writeSnapshots(context, operationId, record);
  return record;
}

function noteOf({ settings }: KubeContext, operationId: string, part: FoundPart, storage: Storage): NotedSnapshot {
  const { name, driver, backing, claim } = part;
  if (driver === undefined) throw impossible(name, 'its volume is not made by a CSI driver');
  const chosen = usableClassOf(driver, storage.snapshotClasses, settings);
  if ('why' in chosen) throw impossible(name, chosen.why);
  return {
    ...{ part: name, driver, name: claimNameOf('snapshot', operationId, name) },
    claim: (backing?.claim ?? claim).metadata?.name ?? '',
    class: chosen.usable.metadata?.name ?? '',
    ...(backing?.within === undefined || backing.within === '' ? {} : { within: backing.within }),
  };
}

async function ask(
  { cluster, namespace, workspace }: KubeContext,
  operationId: string,
  noted: NotedSnapshot,
): Promise<void> {
  const labels = {
    ...{ [LABELS.managedBy]: OURS, [LABELS.workspace]: workspace, [LABELS.operation]: operationId },
    ...{ [LABELS.role]: 'snapshot', [LABELS.part]: noted.part },
  };
  const snapshot: VolumeSnapshot = {
    apiVersion: SNAPSHOT.apiVersion,
    kind: SNAPSHOT.kind,
    metadata: { name: noted.name, namespace, labels },
    spec: { volumeSnapshotClassName: noted.class, source: { persistentVolumeClaimName: noted.claim } },
  };
  try {
    await cluster.create(SNAPSHOT, snapshot);
  } catch (error) {
    if (!isRefusal(error, 'AlreadyExists')) throw error;
  }
}

async function awaitCut(
  context: KubeContext,
  operationId: string,
  { snapshots, askedAt }: SnapshotRecord,
  { signal }: EffectOptions,
): Promise<Snapshot[]> {
  const { cluster, namespace, settings } = context;
  const said = new Set<string>();
  let waitingFor = snapshots.map(({ part }) => part);
  const look = async (found: readonly VolumeSnapshot[]): Promise<Snapshot[] | undefined> => {
    const sights = await Promise.all(snapshots.map((noted) => cutOf(context, noted, found)));
    for (const { error } of sights) if (error !== undefined) said.add(error);
    const hopeless = sights.find((sight) => sight.isHopeless);
    if (hopeless) throw failed(hopeless.part, hopeless.error ?? 'it was removed');
    waitingFor = sights.filter(({ takenAt }) => takenAt === undefined).map(({ part }) => part);
    return waitingFor.length > 0 ? undefined : sights.map((sight) => answer(sight, askedAt));
  };
  return cluster.follow(SNAPSHOT, { namespace, labels: `${LABELS.operation}=${operationId}` }, look, {
    signal,
    withinMs: settings.snapshotWithin,
    late: () => {
      const why = [...said].join('; ') || `it was not taken within ${writeDuration(settings.snapshotWithin)}`;
      return failed(waitingFor.join(', '), why);
    },
  });
}

/** The driver's own account is cut to whole seconds, so that it may read as before services were stopped. */
function answer({ part, takenAt = '' }: Pick<CutSight, 'part' | 'takenAt'>, askedAt: string): Snapshot {
  const moment = new Date(takenAt).toISOString();
  return { part, path: placePath({ life: 'snapshot', part }), takenAt: moment > askedAt ? moment : askedAt };
}

function impossible(part: string, why: string): OperationError {
  return new OperationError('plan-changed', `No snapshot of ${part} can be made: ${why}.`, {
    hint: 'look at `cml check`, then choose another capture or mend the snapshot class',
  });
}

function failed(part: string, why: string): OperationError {
  return new OperationError('part-missing', `No snapshot of ${part} was taken: ${why}`, {
    hint: 'services are started again; look at the driver, or capture this part in two passes',
  });
}
