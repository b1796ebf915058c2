import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { systemClock } from '../../../src/clock.ts';
import { orderIn, orderSecret } from '../../../src/workspace/kubernetes/guard-order.ts';
import { putBackOf } from '../../../src/workspace/kubernetes/guard-swaps.ts';
import { POD, SECRET } from '../../../src/workspace/kubernetes/kinds.ts';
import { LABELS } from '../../../src/workspace/kubernetes/names.ts';
import { runGuard } from '../../../src/workspace/kubernetes/run-guard.ts';
import type { KubeLab } from '../../fakes/kube-api/lab.ts';
import { WORKSPACE } from '../../fakes/kube-api/layouts/layout.ts';
import type { Stored } from '../../fakes/kube-api/store.ts';
import { silent } from '../local/bench.ts';
import { untilDead } from './until-dead.ts';

/** What real pods of guards run; `npm test` builds first. */
export const REAL_GUARD = [process.execPath, resolve('dist/src/workspace/kubernetes/guard-main.js')];

/** What pods run that only stand for a guard. The first process of a pod ends by a signal only if it says so. */
export const STANDS_FOR_GUARD = ['sh', '-c', 'trap "exit 143" TERM; sleep 600 & wait'];

export interface Guards {
  /** How many wait or act in this process now. */
  count(): number;
  /** Lets the time pass until the guard that is armed acts; answers how long that would have been in ms, if one is. */
  passUntilDue(): number | undefined;
  dispose(): void;
}

/**
 * Real guards take a second to start. So most pods only stand for them: while such a pod runs, what its program would do is
 * done in this process.
 */
export function watchGuards(lab: KubeLab): Guards {
  const running = new Set<string>();
  const seen = new Set<string>();
  const begin = ({ metadata: { uid, labels } }: Stored) => {
    running.add(uid);
    seen.add(uid);
    const mortal = <T extends object>(port: T): T => untilDead(port, () => !running.has(uid));
    const { now, sleep } = systemClock;
    const clock = { now, ...mortal({ sleep }) };
    const cluster = mortal(lab.cluster({}, `guard-${uid}`));
    const post = { namespace: WORKSPACE, operationId: labels?.[LABELS.operation] ?? '' };
    void runGuard(post, { cluster, clock, log: silent, putBack: putBackOf() }).finally(() => running.delete(uid));
  };
  const stop = lab.store.listen(({ type, kind, object }) => {
    const { name, uid, deletionTimestamp } = object.metadata;
    if (kind.kind !== POD.kind || !name.startsWith('cml-guard')) return;
    if (type === 'DELETED' || deletionTimestamp !== undefined) running.delete(uid);
    else if (object.status?.phase === 'Running' && isStandIn(object) && !seen.has(uid)) begin(object);
  });
  return {
    count: () => running.size,
    passUntilDue: () => passUntilDue(lab),
    dispose() {
      stop();
      running.clear();
    },
  };
}

function isStandIn({ spec }: Stored): boolean {
  return spec.containers[0].command[0] === STANDS_FOR_GUARD[0];
}

/** Nobody can wait for a whole budget here: the order is told anew, as arming again would, for now. */
function passUntilDue({ store }: KubeLab): number | undefined {
  const secret = store
    .list(SECRET, WORKSPACE)
    .find(({ metadata, data }) => metadata.name.startsWith('cml-guard') && data?.order !== undefined);
  if (secret === undefined) return undefined;
  const order = orderIn(secret as never);
  const now = Date.now();
  const { data } = orderSecret({ ...order, actsAt: new Date(now).toISOString(), spanMs: 0, nonce: randomUUID() });
  store.edit(SECRET, secret.metadata.name, WORKSPACE, (standing) => Object.assign(standing, { data }));
  return Math.max(0, Date.parse(order.actsAt) - now);
}
