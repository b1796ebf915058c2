import type { V1Lease, V1LeaseSpec } from '@kubernetes/client-node';
import { isAppError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { type Cluster, ClusterRefusal, isRefusal } from './cluster.ts';
import type { Kind } from './kinds.ts';
import { LABELS, OURS } from './names.ts';
import { translated } from './translated.ts';

export const LEASE: Kind<V1Lease> = {
  ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases' },
  namespaced: true,
};

/** All in milliseconds. The holder gives up well before others may take it. */
export interface LeaseTiming {
  /** After so long without a renewal anybody may take it. */
  readonly durationMs: number;
  readonly renewMs: number;
  /** A holder that could not renew it for so long has lost it. */
  readonly deadlineMs: number;
  /** How often who waits for it looks. */
  readonly retryMs: number;
}

const USUAL: LeaseTiming = { durationMs: 30_000, renewMs: 5_000, deadlineMs: 20_000, retryMs: 2_000 };

export interface LeaseWish {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly name: string;
  /** One life of one process, such as the name of its pod: who comes back by it goes on at once. */
  readonly holder: string;
  readonly log: Log;
  /** Called once, as soon as somebody else may act: nothing may have an effect any more. */
  onLost(why: string): void;
  /** Called once, when somebody else holds it. */
  onWaiting?(holder: string): void;
  readonly timing?: Partial<LeaseTiming>;
}

export interface HeldLease {
  /** Leaves it to the next one at once. */
  release(): Promise<void>;
}

/**
 * Waits until the Lease is ours, then renews it until it is released or lost. Whether another one's has run out is judged by
 * our own clock since we saw it change, never by the times in it: clocks of nodes differ. The same rules as client-go's
 * leader election. @throws PortError when the Lease may not be read or written.
 */
export async function takeLease(wish: LeaseWish): Promise<HeldLease> {
  const timing = { ...USUAL, ...wish.timing };
  let held = await translated('taking the Lease', () => acquire(wish, timing));
  let renewedAt = performance.now();
  let isOver = false;
  const lose = (why: string) => {
    if (isOver) return;
    end();
    wish.onLost(why);
  };
  // Apart from renewing, which may hang in a request.
  const watching = setInterval(
    () => {
      const silentMs = performance.now() - renewedAt;
      if (silentMs > timing.deadlineMs) lose(`it could not be renewed for ${Math.round(silentMs / 1_000)} s`);
    },
    Math.min(1_000, timing.renewMs),
  );
  let renewing = Promise.resolve();
  const renewal = setInterval(() => {
    renewing = renewing.then(() => (isOver ? undefined : renew()));
  }, timing.renewMs);
  function end(): void {
    isOver = true;
    clearInterval(watching);
    clearInterval(renewal);
  }

  async function renew(): Promise<void> {
    const began = performance.now();
    try {
      held = await write(wish, timing, held);
      renewedAt = began;
    } catch (cause) {
      if (isRefusal(cause, 'Conflict') || isRefusal(cause, 'NotFound')) return lookAgain();
      if (!isAppError(cause) && !(cause instanceof ClusterRefusal)) throw cause;
      wish.log.warn({ why: String(cause) }, 'the Lease was not renewed');
    }
  }

  /** Somebody wrote it: another holder, or a hand that left it ours. */
  async function lookAgain(): Promise<void> {
    const standing = await wish.cluster.read(LEASE, wish.name, wish.namespace).catch(() => undefined);
    if (standing && standing.spec?.holderIdentity !== wish.holder) lose(`${holderOf(standing)} holds it`);
    else if (standing) held = standing;
    else held = await create(wish, timing).catch(() => held);
  }

  return {
    async release() {
      end();
      await renewing;
      await write(wish, timing, held, '').catch((cause) =>
        wish.log.warn(
          { why: String(cause) },
          'the Lease was not given back: the next server waits until it has run out',
        ),
      );
    },
  };
}

async function acquire(wish: LeaseWish, timing: LeaseTiming): Promise<V1Lease> {
  const { cluster, namespace, name, holder } = wish;
  let seen: { readonly version: string | undefined; readonly at: number } | undefined;
  for (;;) {
    const standing = await cluster.read(LEASE, name, namespace);
    try {
      if (!standing) return await create(wish, timing);
      const { holderIdentity, leaseDurationSeconds = 0 } = standing.spec ?? {};
      if (!holderIdentity || holderIdentity === holder) return await write(wish, timing, standing);
      const version = standing.metadata?.resourceVersion;
      if (seen === undefined) wish.onWaiting?.(holderIdentity);
      if (seen === undefined || seen.version !== version) seen = { version, at: performance.now() };
      else if (performance.now() - seen.at > leaseDurationSeconds * 1_000) return await write(wish, timing, standing);
    } catch (cause) {
      // Somebody was quicker; the next look shows who.
      if (!isRefusal(cause, 'Conflict') && !isRefusal(cause, 'AlreadyExists')) throw cause;
    }
    await new Promise((resolve) => setTimeout(resolve, timing.retryMs));
  }
}

function create(wish: LeaseWish, timing: LeaseTiming): Promise<V1Lease> {
  const { namespace, name } = wish;
  const metadata = { name, namespace, labels: { [LABELS.managedBy]: OURS } };
  const spec = specOf(wish, timing, { leaseTransitions: 0 });
  return wish.cluster.create(LEASE, { apiVersion: LEASE.apiVersion, kind: LEASE.kind, metadata, spec });
}

/** Only as it stood: who else wrote it meanwhile wins. */
function write(wish: LeaseWish, timing: LeaseTiming, standing: V1Lease, holder = wish.holder): Promise<V1Lease> {
  const spec = specOf(wish, timing, standing.spec ?? {}, holder);
  return wish.cluster.replace(LEASE, { ...standing, apiVersion: LEASE.apiVersion, kind: LEASE.kind, spec });
}

function specOf(
  wish: LeaseWish,
  { durationMs }: LeaseTiming,
  before: V1LeaseSpec,
  holderIdentity = wish.holder,
): V1LeaseSpec {
  // MicroTime: six digits, as the API writes it.
  const now = new Date().toISOString().replace('Z', '000Z') as unknown as NonNullable<V1LeaseSpec['renewTime']>;
  const isNew = holderIdentity !== '' && before.holderIdentity !== holderIdentity;
  return {
    ...before,
    holderIdentity,
    leaseDurationSeconds: Math.ceil(durationMs / 1_000),
    renewTime: now,
    ...(isNew ? { acquireTime: now, leaseTransitions: (before.leaseTransitions ?? 0) + 1 } : {}),
  };
}

function holderOf({ spec }: V1Lease): string {
  return spec?.holderIdentity || 'nobody';
}
