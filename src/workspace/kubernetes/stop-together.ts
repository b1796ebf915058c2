import type { V1Pod } from '@kubernetes/client-node';
import { OperationError } from '../../errors.ts';
import type { EffectOptions } from '../platform.ts';
import { isRefusal } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { type KilledContainer, watchEndings } from './killed.ts';
import { JOB, POD } from './kinds.ts';
import { type LedgerEntry, readRan, SERVICE_KINDS, type ServiceObject, writeRan } from './ledger.ts';
import { NOTES } from './names.ts';
import { notedByAnother } from './note.ts';
import { askedFor, askFor, isPodOf } from './running.ts';

/** So often somebody may write the object between our reading and our writing. */
const TRIES = 20;

/**
 * Takes services down together and waits until their pods are gone. Answers whose containers had to be killed.
 * @throws OperationError `service-will-not-stop` naming what holds it, `plan-changed` when one is not the noted one any more.
 */
export async function stopTogether(
  context: KubeContext,
  wave: readonly LedgerEntry[],
  options: EffectOptions,
): Promise<KilledContainer[]> {
  const objects = await allOf(wave.map((entry) => scaleDown(context, entry)));
  const [killed] = await allOf([
    awaitGone(context, wave, options),
    ...wave.map(async (entry, at) => {
      if (entry.kind === 'CronJob') await awaitJobs(context, entry, objects[at], options);
      return [];
    }),
  ]);
  return killed ?? [];
}

/** All are awaited before the first failure is told: nothing of ours goes on behind the caller's back. */
async function allOf<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const ends = await Promise.allSettled(works);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
  return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}

/** What ran is noted on the object in the same write that stops it, and only if nobody wrote it since we looked. */
async function scaleDown({ cluster, namespace, log }: KubeContext, entry: LedgerEntry): Promise<ServiceObject> {
  const kind = SERVICE_KINDS[entry.kind];
  for (let tries = 1; ; tries += 1) {
    const object = await cluster.read(kind, entry.object, namespace);
    assertIsTheNoted(entry, object);
    const noted = readRan(object);
    if (noted !== undefined && noted.operationId !== entry.operationId) throw notedByAnother(noted);
    const asked = askedFor(entry.kind, object);
    if (noted !== undefined && asked === 0) return object;
    if (noted !== undefined) throw scaledByOthers(entry, asked);
    if (asked === 0 && entry.replicas > 0)
      log.warn({ service: entry.service }, 'somebody else stopped it since it was noted');
    const standing = { ...entry, replicas: asked === 0 ? entry.replicas : asked };
    try {
      return await cluster.patch(kind, entry.object, namespace, {
        metadata: {
          resourceVersion: object.metadata?.resourceVersion,
          annotations: { [NOTES.ran]: writeRan(standing) },
        },
        spec: { ...askFor(entry.kind, 0), ...keepClaims(entry) },
      });
    } catch (cause) {
      if (!isRefusal(cause, 'Conflict') || tries === TRIES) throw cause;
    }
  }
}

/** Scaled to nothing, a StatefulSet with `whenScaled: Delete` deletes the claims of its pods, and with them the data. */
function keepClaims({ whenScaled }: LedgerEntry): object {
  return whenScaled === undefined ? {} : { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain' } };
}

function assertIsTheNoted(
  { service, uid }: LedgerEntry,
  object: ServiceObject | undefined,
): asserts object is ServiceObject {
  const { metadata } = object ?? {};
  if (object === undefined || metadata?.deletionTimestamp !== undefined || (uid !== undefined && metadata?.uid !== uid))
    throw new OperationError('plan-changed', `the service ${service} was removed or made anew since it was noted`, {
      hint: 'somebody else changes the workspace; wait until they are done, then try again',
    });
}

function scaledByOthers({ service }: LedgerEntry, asked: number): OperationError {
  return new OperationError(
    'service-will-not-stop',
    `the service ${service} was set to ${asked} by somebody else while it was stopped`,
    { hint: 'find out who did, scale it to 0, then try again' },
  );
}

/** One watch for all of them: a namespace has few pods that are not of its services. */
async function awaitGone(
  { cluster, namespace, settings }: KubeContext,
  wave: readonly LedgerEntry[],
  { signal }: EffectOptions,
): Promise<KilledContainer[]> {
  const endings = watchEndings();
  let left: readonly V1Pod[] = [];
  return cluster.follow(
    POD,
    { namespace },
    (pods) => {
      left = pods.filter((pod) => wave.some((entry) => isPodOf(entry, pod)));
      endings.see(left);
      return left.length === 0 ? endings.killed() : undefined;
    },
    { signal, withinMs: settings.stopWithin, late: () => willNotStop(wave, left) },
  );
}

/** A Job that a CronJob made before it was suspended is waited for: ending it half-way is not ours to decide. */
async function awaitJobs(
  { cluster, namespace, settings }: KubeContext,
  { service }: LedgerEntry,
  object: ServiceObject | undefined,
  { signal }: EffectOptions,
): Promise<void> {
  const isOwn = ({ metadata }: { metadata?: { ownerReferences?: { uid: string }[] } }) =>
    metadata?.ownerReferences?.some(({ uid }) => uid === object?.metadata?.uid) ?? false;
  const hasOwn = (await cluster.list(JOB, { namespace })).some((job) => isOwn(job) && !isFinished(job));
  if (!hasOwn) return;
  let holding = '';
  const within = { signal, withinMs: settings.stopWithin };
  const late = () =>
    new OperationError('service-will-not-stop', `the service ${service} does not stop: ${holding} still runs`, {
      hint: 'wait until it has ended, or delete that Job',
    });
  await cluster.follow(
    JOB,
    { namespace },
    (jobs) => {
      const running = jobs.filter((job) => isOwn(job) && !isFinished(job));
      holding = running.map(({ metadata }) => `its Job ${metadata?.name}`).join(', ');
      return running.length === 0 ? true : undefined;
    },
    { ...within, late },
  );
}

function isFinished({ status }: { status?: { conditions?: { type: string; status: string }[] } }): boolean {
  return status?.conditions?.some((one) => ['Complete', 'Failed'].includes(one.type) && one.status === 'True') ?? false;
}

function willNotStop(wave: readonly LedgerEntry[], pods: readonly V1Pod[]): OperationError {
  const sentences = wave.flatMap((entry) => {
    const own = pods.filter((pod) => isPodOf(entry, pod));
    if (own.length === 0) return [];
    const holding = own.map(({ metadata, spec }) => {
      const finalizers = metadata?.finalizers ?? [];
      const why = finalizers.length > 0 ? `held by ${finalizers.join(', ')}` : `on node ${spec?.nodeName ?? 'none'}`;
      return `the pod ${metadata?.name} is still there (${why})`;
    });
    return [`the service ${entry.service} does not stop: ${holding.join(', ')}`];
  });
  return new OperationError('service-will-not-stop', sentences.join('; '), {
    hint: 'nothing is removed by force; look at that pod and its node, then try again',
  });
}
