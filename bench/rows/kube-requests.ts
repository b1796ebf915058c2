import { type Pace, type RunningDouble, type SeenRequests, startDouble } from '../kube/double.ts';
import { makeKubePlace } from '../kube/place.ts';
import { countByKind, looksByObject } from '../kube/requests.ts';
import type { Product } from '../product.ts';
import { atMost, type Findings, type Row } from '../row.ts';

const WORKSPACE = 'workspace1';
const QUICK: Pace = {
  pods: { start: 50, ready: 50, end: 50, gone: 20 },
  volumes: { idle: 10, detach: 20, attach: 10 },
  snapshots: { snapshotMs: 20, readyMs: 50 },
};
/** Everything that is waited for takes seconds longer: what is polled for meanwhile is asked for that much more often. */
const LONGER_MS = 3_000;
const SLOW: Pace = {
  pods: { start: LONGER_MS, ready: LONGER_MS, end: LONGER_MS, gone: LONGER_MS },
  volumes: { idle: LONGER_MS, detach: LONGER_MS, attach: LONGER_MS },
  snapshots: { snapshotMs: LONGER_MS, readyMs: LONGER_MS },
};
/** Of one object, and of all together: it is told by watches what happens. */
const MOST_A_SECOND = 1;

interface Seen extends SeenRequests {
  readonly tookMs: number;
}

/** What a backup asks of the API server. */
export const kubeRequests: Row = {
  word: 'kube-requests',
  title: 'Kubernetes: requests to the API server',
  method: `Counted at the server, a double of a cluster (ECS with Longhorn, few services, two parts by snapshot) in a process of its own; a request is what arrives, a watch is one however long it lasts, and what the guard's pod asks counts too. The second backup of a server that runs, once on a quick cluster and once on one where pods, volumes and snapshots each take ${LONGER_MS / 1_000} s longer: what is polled is asked more often then, by as much as the waiting is longer.`,
  async measure(world) {
    const double = await startDouble(world, { folder: await world.room('requests-cluster') });
    const { product } = await makeKubePlace(world, 'requests', double);
    await product.backUp(WORKSPACE);
    const quick = await countOne(double, product, QUICK);
    world.say(`quick: ${quick.requests.length} requests in ${(quick.tookMs / 1_000).toFixed(1)} s`);
    const slow = await countOne(double, product, SLOW);
    world.say(`slow: ${slow.requests.length} requests in ${(slow.tookMs / 1_000).toFixed(1)} s`);
    await product.end();
    await double.end();
    return report(quick, slow);
  },
};

async function countOne(double: RunningDouble, product: Product, pace: Pace): Promise<Seen> {
  await double.pace(pace);
  const before = await double.seen();
  const beganAt = performance.now();
  await product.backUp(WORKSPACE);
  const tookMs = performance.now() - beganAt;
  const after = await double.seen();
  return {
    tookMs,
    requests: after.requests.slice(before.requests.length),
    others: after.others.slice(before.others.length),
  };
}

const total = ({ requests, others }: Seen) => requests.length + others.length;

function report(quick: Seen, slow: Seen): Findings {
  const more = growth(quick, slow);
  const most = more[0]?.aSecond ?? 0;
  const all = Math.max(0, total(slow) - total(quick)) / waitedSeconds(quick, slow);
  const [byQuick, bySlow] = [countByKind(quick), countByKind(slow)];
  const seconds = ({ tookMs }: Seen) => `${(tookMs / 1_000).toFixed(1)} s`;
  return {
    verdicts: [
      atMost('Kubernetes: looks at one object that a second of waiting adds (the most)', MOST_A_SECOND, most, (count) =>
        count.toFixed(2),
      ),
      atMost('Kubernetes: requests of a whole backup that a second of waiting adds', MOST_A_SECOND, all, (count) =>
        count.toFixed(2),
      ),
    ],
    tables: [
      {
        title: 'Requests of one backup, by verb and kind',
        columns: ['', `quick cluster, ${seconds(quick)}`, `slow cluster, ${seconds(slow)}`],
        rows: [
          ['**all**', String(total(quick)), String(total(slow))],
          ...[...byQuick].map(([word, count]) => [word, String(count), String(bySlow.get(word) ?? 0)]),
          ...[...bySlow].filter(([word]) => !byQuick.has(word)).map(([word, count]) => [word, '0', String(count)]),
        ],
      },
      {
        title: `What the slow cluster was asked more often, in ${waitedSeconds(quick, slow).toFixed(1)} s more`,
        columns: ['look', 'more often by', 'a second'],
        rows: more.slice(0, 8).map(({ what, times, aSecond }) => [what, String(times), aSecond.toFixed(2)]),
      },
    ],
    charts: [],
    notes: [],
  };
}

function waitedSeconds(quick: Seen, slow: Seen): number {
  return Math.max(1, (slow.tookMs - quick.tookMs) / 1_000);
}

function growth(quick: Seen, slow: Seen) {
  const [before, after] = [looksByObject(quick.requests), looksByObject(slow.requests)];
  const seconds = waitedSeconds(quick, slow);
  return [...after]
    .map(([what, count]) => ({ what, times: count - (before.get(what) ?? 0) }))
    .filter(({ times }) => times > 0)
    .map(({ what, times }) => ({ what, times, aSecond: times / seconds }))
    .sort((one, other) => other.times - one.times);
}
