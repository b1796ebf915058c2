import type { V1Secret } from '@kubernetes/client-node';
import type { Clock } from '../../clock.ts';
import { explain } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { RunProgram } from '../../program.ts';
import type { Cluster } from './cluster.ts';
import type { KubeContext } from './context.ts';
import { actAsGuard } from './guard-act.ts';
import { ANSWER, type GuardOrder, orderIn } from './guard-order.ts';
import type { PutBack } from './guard-put-back.ts';
import { SECRET } from './kinds.ts';
import { guardName } from './taken-over.ts';

export interface GuardWorld {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly log: Log;
  readonly putBack: PutBack;
}

export interface GuardPost {
  readonly namespace: string;
  readonly operationId: string;
}

const LOOK_MS = 500;
const AGAIN_MS = 5_000;

/** Waits for the time of its order as that stands at each moment, then acts. Ends at once when it is disarmed. */
export async function runGuard(post: GuardPost, world: GuardWorld): Promise<void> {
  const order = await awaitTime(post, world);
  const { operationId } = post;
  if (order === undefined) return world.log.info({ operationId }, 'the guard was disarmed');
  const context = contextOf(order, world);
  world.log.info({ operationId, actsAt: order.actsAt }, 'the operation did not return in time: the guard acts');
  await actAsGuard(context, order, world.putBack);
}

async function awaitTime(post: GuardPost, world: GuardWorld): Promise<GuardOrder | undefined> {
  const over = new AbortController();
  const orders = createOrders(world);
  try {
    return await Promise.race([
      followOrders(post, world, orders, over.signal),
      waitUntilTime(world, orders, over.signal),
    ]);
  } finally {
    over.abort();
  }
}

interface Orders {
  /** Undefined: disarmed. */
  take(secret: V1Secret | undefined): Promise<'disarmed' | undefined>;
  due(): GuardOrder | undefined;
}

function createOrders({ cluster, clock, log }: GuardWorld): Orders {
  let known: GuardOrder | undefined;
  let seenAtMs = 0;
  return {
    async take(secret) {
      if (secret === undefined) return 'disarmed';
      const order = orderIn(secret);
      if (order.nonce !== known?.nonce) seenAtMs = performance.now();
      known = order;
      if (secret.metadata?.annotations?.[ANSWER] === order.nonce) return undefined;
      try {
        const answer = { metadata: { annotations: { [ANSWER]: order.nonce } } };
        await cluster.patch(SECRET, secret.metadata?.name ?? '', order.namespace, answer);
      } catch (cause) {
        // Unanswered, whoever armed it knows that something is wrong; it acts at its time all the same.
        log.warn({ why: explain(cause) }, 'the guard cannot answer');
      }
      return undefined;
    },
    /** Either clock will do: the wall clock may be set back, the other one stands still while a machine sleeps. */
    due() {
      if (known === undefined) return undefined;
      const isTime = clock.now() >= new Date(known.actsAt) || performance.now() - seenAtMs >= known.spanMs;
      return isTime ? known : undefined;
    },
  };
}

/** Resolves when it is disarmed. An API server that does not answer is no disarming: the order that is known goes on to hold. */
async function followOrders(
  { namespace, operationId }: GuardPost,
  { cluster, clock, log }: GuardWorld,
  orders: Orders,
  signal: AbortSignal,
): Promise<undefined> {
  const where = { namespace, fields: `metadata.name=${guardName(operationId)}` };
  while (!signal.aborted) {
    try {
      await cluster.follow(SECRET, where, ([secret]) => orders.take(secret), { signal });
      return;
    } catch (cause) {
      if (signal.aborted) return;
      log.warn({ why: explain(cause) }, 'the order of the guard cannot be read');
    }
    await clock.sleep(AGAIN_MS, signal).catch(() => {});
  }
}

async function waitUntilTime(
  { clock }: GuardWorld,
  orders: Orders,
  signal: AbortSignal,
): Promise<GuardOrder | undefined> {
  for (;;) {
    const order = orders.due();
    if (order !== undefined || signal.aborted) return order;
    await clock.sleep(LOOK_MS, signal).catch(() => {});
  }
}

function contextOf(order: GuardOrder, { cluster, clock, log }: GuardWorld): KubeContext {
  const { workspace, namespace, settings, policy, image } = order;
  return { workspace, namespace, settings, policy, image, cluster, clock, log, runHere: runsNothing, isGuard: true };
}

/** Bringing services back takes no program. */
const runsNothing: RunProgram = async ({ key }) => {
  throw new Error(`the guard was asked to run ${key}`);
};
