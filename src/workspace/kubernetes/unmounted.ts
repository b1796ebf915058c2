import { OperationError } from '../../errors.ts';
import type { EffectOptions } from '../platform.ts';
import type { KubeContext } from './context.ts';
import type { FoundPart, Holder } from './found.ts';
import { findHolders } from './holders.ts';
import { POD } from './kinds.ts';
import type { LedgerEntry } from './ledger.ts';

/**
 * Waits until nobody has the folders mounted that a service serves. Stopped earlier it would leave mounts that hang, and with
 * them pods that cannot end.
 */
export async function awaitUnmounted(
  context: KubeContext,
  server: LedgerEntry,
  parts: readonly FoundPart[],
  { signal }: EffectOptions,
): Promise<void> {
  const served = parts.filter(({ backing }) => server.kind !== 'CronJob' && backing?.server === server.object);
  if (served.length === 0) return;
  const endsAt = context.clock.now().getTime() + context.settings.stopWithin;
  for (;;) {
    const holders = (await findHolders(context, served)).filter(({ service }) => service !== server.service);
    const [first] = holders;
    if (first === undefined) return;
    const withinMs = Math.max(1, endsAt - context.clock.now().getTime());
    await awaitPodGone(context, first, { signal, withinMs, late: () => stillMounted(server, holders) });
  }
}

async function awaitPodGone(
  { cluster }: KubeContext,
  { namespace, pod }: Holder,
  options: { signal?: AbortSignal | undefined; withinMs: number; late: () => Error },
): Promise<void> {
  const where = { namespace, fields: `metadata.name=${pod}` };
  await cluster.follow(
    POD,
    where,
    (pods) => (pods.every(({ status }) => ['Succeeded', 'Failed'].includes(status?.phase ?? '')) ? true : undefined),
    options,
  );
}

function stillMounted({ service }: LedgerEntry, holders: readonly Holder[]): OperationError {
  const who = holders.map(({ namespace, pod, part }) => `the pod ${namespace}/${pod} has ${part} mounted`);
  return new OperationError('service-will-not-stop', `the service ${service} cannot stop yet: ${who.join('; ')}`, {
    hint: 'end those pods, then try again',
  });
}
