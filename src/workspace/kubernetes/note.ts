import { OperationError } from '../../errors.ts';
import type { RunningNote } from '../platform.ts';
import type { KubeContext } from './context.ts';
import { findHeld } from './find-held.ts';
import { findParts } from './find-parts.ts';
import { findServices } from './find-services.ts';
import type { FoundPart, FoundService } from './found.ts';
import { CLAIM, VOLUME } from './kinds.ts';
import { type KnownVolumes, writeKnownVolumes } from './known-data.ts';
import { type HeldObject, type LedgerEntry, noteOf, readLedger, writeLedger } from './ledger.ts';
import { blocking, rehearse } from './rehearse.ts';
import { templateOf } from './service-order.ts';
import { wavesOf } from './waves.ts';
import { findWebhookServers, type WebhookServer } from './webhook-servers.ts';

/**
 * Writes down what runs, in the cluster, before anything is stopped. Each service's own object gets its note in the very
 * write that stops it.
 * @throws OperationError `plan-changed` when another operation's note stands, `preflight-failed` when what stops could not
 * come up again.
 */
export async function noteRunning(
  context: KubeContext,
  operationId: string,
  { toRestore = false }: { readonly toRestore?: boolean } = {},
): Promise<RunningNote> {
  const standing = await readLedger(context);
  if (standing && standing.operationId !== operationId) throw notedByAnother(standing);
  if (standing) return noteOf(standing);
  const notedAt = context.clock.now().toISOString();
  const { stopping, ...seen } = await lookAtServices(context);
  const refusals = await rehearse(context, stopping);
  const problems = [...blocking(refusals, toRestore), ...lockedOut(stopping, seen.webhooks)];
  for (const { said } of refusals) context.log.warn({ operationId }, said);
  if (problems.length > 0)
    throw new OperationError('preflight-failed', problems.join(' '), {
      hint: 'what stops now could not be started again; nothing was stopped',
    });
  const entries = entriesOf(seen, stopping).map((entry) => ({ ...entry, operationId, notedAt }));
  await writeKnownVolumes(context, operationId, volumesOf(seen, stopping));
  await writeLedger(context, { operationId, notedAt, entries });
  return noteOf({ operationId, notedAt, entries });
}

export async function readNote(context: KubeContext): Promise<RunningNote | undefined> {
  const ledger = await readLedger(context);
  return ledger && noteOf(ledger);
}

export function notedByAnother({ operationId }: { readonly operationId: string }): OperationError {
  return new OperationError(
    'plan-changed',
    `operation ${operationId} stopped services and has not started them again`,
    { hint: 'bring them back with `cml start`, then try again' },
  );
}

/** What runs and would be stopped now, as entries of a ledger. */
export async function entriesNow(context: KubeContext, operationId: string, notedAt: string): Promise<LedgerEntry[]> {
  const { stopping, ...seen } = await lookAtServices(context);
  return entriesOf(seen, stopping).map((entry) => ({ ...entry, operationId, notedAt }));
}

/** The rehearsal cannot see this: now its webhook answers. */
function lockedOut(stopping: readonly FoundService[], webhooks: readonly WebhookServer[]): string[] {
  return webhooks
    .filter(({ service, gatesItself }) => gatesItself && stopping.includes(service))
    .map(
      ({ service: { name } }) => `${name} has to let its own pod in and holds data: stopped, it could not come back.`,
    );
}

interface Seen {
  readonly webhooks: readonly WebhookServer[];
  readonly parts: readonly FoundPart[];
  readonly held: ReadonlyMap<string, HeldObject[]>;
  readonly waves: ReadonlyMap<FoundService, number>;
  /** The uid of the volume that each claim is bound to. */
  readonly bound: ReadonlyMap<string, string>;
}

async function lookAtServices(context: KubeContext): Promise<Seen & { readonly stopping: readonly FoundService[] }> {
  const [services, { parts }, bound] = await Promise.all([
    findServices(context),
    findParts(context),
    boundVolumes(context),
  ]);
  const running = services.filter(({ replicas }) => replicas > 0);
  const webhooks = await findWebhookServers(context, running);
  const stopping = running.filter((service) => whyStaysUp(service, parts, webhooks) === undefined);
  const held = await findHeld(context, stopping);
  const serving = new Set(webhooks.map(({ service }) => service));
  const waves = wavesOf(stopping, { order: context.settings.order, parts, webhooks: serving });
  return { stopping, webhooks, parts, held, waves, bound };
}

type Unsigned = Omit<LedgerEntry, 'operationId' | 'notedAt'>;

function entriesOf({ held, waves, bound }: Seen, stopping: readonly FoundService[]): Unsigned[] {
  const entries = stopping.map((service) => ({
    ...entryOf(service, bound),
    wave: waves.get(service) ?? 0,
    ...(held.has(service.name) ? { held: held.get(service.name) } : {}),
  }));
  return entries.sort((one, other) => one.wave - other.wave);
}

function volumesOf({ parts, bound }: Seen, stopping: readonly FoundService[]): KnownVolumes {
  const claims = parts.flatMap(({ claim, backing }) => [claim, ...(backing ? [backing.claim] : [])]);
  const needed = new Set([...stopping.flatMap(claimsOf), ...claims.map(({ metadata }) => metadata?.name ?? '')]);
  return Object.fromEntries([...bound].filter(([claim]) => needed.has(claim)).map(([claim, uid]) => [claim, [uid]]));
}

/** The uid of the volume that each claim of the namespace is bound to. */
async function boundVolumes({ cluster, namespace }: KubeContext): Promise<ReadonlyMap<string, string>> {
  const claims = (await cluster.list(CLAIM, { namespace })).filter(({ status }) => status?.phase === 'Bound');
  const uids = await Promise.all(
    claims.map(async ({ spec }) => (await cluster.read(VOLUME, spec?.volumeName ?? ''))?.metadata?.uid),
  );
  return new Map(claims.flatMap(({ metadata }, at) => (uids[at] ? [[metadata?.name ?? '', uids[at]] as const] : [])));
}

/**
 * A server of a shared folder that is copied in two passes is read through while everything else is down. A webhook without
 * which no pod is admitted would keep its own pod out too, so it stays when it holds nothing that is captured.
 */
export function whyStaysUp(
  { kind, object, name }: FoundService,
  parts: readonly FoundPart[],
  webhooks: readonly WebhookServer[],
): string | undefined {
  const isServer = ({ backing, capture }: FoundPart) =>
    kind !== 'CronJob' && backing?.server === object.metadata?.name && capture === 'two-pass';
  const served = parts.find(isServer);
  if (served) return `it serves ${served.name}, which is read through it`;
  const gate = webhooks.find(({ service, gatesPods }) => gatesPods && service.name === name);
  if (gate && claimsOf(gate.service).length === 0) return 'no pod is admitted without it, and it holds no data';
  return undefined;
}

function entryOf(service: FoundService, bound: ReadonlyMap<string, string>): Omit<Unsigned, 'wave'> {
  const { name, kind, object, replicas, ready } = service;
  const policy =
    object.spec && 'persistentVolumeClaimRetentionPolicy' in object.spec
      ? object.spec.persistentVolumeClaimRetentionPolicy
      : undefined;
  const { uid, name: objectName = '' } = object.metadata ?? {};
  const claims = claimsOf(service).flatMap((claim) => (bound.has(claim) ? [[claim, bound.get(claim) ?? '']] : []));
  return {
    ...{ service: name, kind, object: objectName, replicas, ready },
    ...(uid === undefined ? {} : { uid }),
    ...(policy?.whenScaled === 'Delete' ? { whenScaled: 'Delete' as const } : {}),
    ...(object.spec && 'paused' in object.spec && object.spec.paused ? { paused: true } : {}),
    ...(kind === 'StatefulSet' ? { claims: Object.fromEntries(claims) } : {}),
  };
}

/** Names of the claims that its pods mount. */
function claimsOf(service: FoundService): string[] {
  const { object, replicas } = service;
  const mounted = templateOf(service)?.spec?.volumes ?? [];
  const named = mounted.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
  const templates = (object.spec && 'volumeClaimTemplates' in object.spec && object.spec.volumeClaimTemplates) || [];
  const ordinals = Array.from({ length: replicas }, (_, at) => at);
  const own = templates.flatMap(({ metadata }) =>
    ordinals.map((at) => `${metadata?.name}-${object.metadata?.name}-${at}`),
  );
  return [...named, ...own];
}
