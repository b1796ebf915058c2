import { DOWN_AND_UP, type FaultRow, type FaultScene, type Struck, striking } from './fault-row.ts';

const always = Number.POSITIVE_INFINITY;
const STORIES = ['backup', 'restore'] as const;

/** The same fault in both stories, with the same end. */
function both(row: Omit<FaultRow, 'story' | 'ends'>): FaultRow[] {
  return STORIES.map((story) => ({ ...row, story, ends: DOWN_AND_UP }));
}

/** For as long as the world stands. */
function often(everyMs: number, work: () => void): Struck {
  let times = 0;
  const timer = setInterval(() => {
    times += 1;
    work();
  }, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    return times;
  };
}

function losesAnswers({ lab: { faults } }: FaultScene): Struck {
  let writes = 0;
  let lost = 0;
  faults.afterWrite(({ dryRun }) => {
    writes += 1;
    if (dryRun || writes % 3 !== 0) return undefined;
    lost += 1;
    return 'drop';
  });
  return () => lost;
}

export const serverRows: readonly FaultRow[] = [
  ...both({
    fault: '429 with Retry-After',
    injected: 'for 2 lists of pods, 3 writes of services, 2 of our records',
    expected: 'waits as it is told, and goes on',
    inject({ lab: { faults } }) {
      const throttled = { kind: 'answer', status: 429, retryAfterSeconds: 1 } as const;
      return striking([
        faults.add({ verb: 'list', kind: 'Pod' }, throttled, 2),
        faults.add({ verb: 'patch', kind: 'Deployment' }, throttled, 3),
        faults.add({ verb: 'patch', kind: 'ConfigMap' }, throttled, 2),
      ]);
    },
  }),
  ...both({
    fault: '500',
    injected: 'twice for services, snapshots, claims, Jobs, Secrets and records each',
    expected: 'asks again, and goes on',
    inject({ lab: { faults } }) {
      const kinds = [
        'Deployment',
        'StatefulSet',
        'VolumeSnapshot',
        'PersistentVolumeClaim',
        'Job',
        'Secret',
        'ConfigMap',
      ];
      const failing = { kind: 'answer', status: 500, message: 'etcdserver: request timed out' } as const;
      return striking(kinds.map((kind) => faults.add({ verb: ['create', 'patch', 'delete'], kind }, failing, 2)));
    },
  }),
  ...both({
    fault: 'dropped watches',
    injected: 'every running watch is cut off 25 times a second',
    expected: 'goes on from where each was',
    inject: ({ lab: { faults } }) => often(40, () => faults.dropWatches()),
  }),
  ...both({
    fault: '410 Gone',
    injected: 'for the first 12 watches',
    expected: 'lists anew',
    inject: ({ lab: { faults } }) =>
      striking([
        faults.add({ verb: 'watch' }, { kind: 'answer', status: 410, message: 'too old resource version' }, 12),
      ]),
  }),
  ...both({
    fault: 'slow answers',
    injected: '150 ms more for every write',
    expected: 'waits for them',
    inject: ({ lab: { faults } }) =>
      striking([faults.add({ when: ({ isWrite }) => isWrite }, { kind: 'slow', ms: 150 }, always)]),
  }),
  ...both({
    fault: 'conflict storms',
    injected: 'the first 6 writes of Deployments, of StatefulSets and of records each meet 409',
    expected: 'reads again and writes what is still right',
    inject({ lab: { faults } }) {
      const kinds = ['Deployment', 'StatefulSet', 'ConfigMap'];
      return striking(kinds.map((kind) => faults.add({ verb: 'patch', kind }, { kind: 'conflict' }, 6)));
    },
  }),
  ...both({
    fault: 'lost answers',
    injected: 'every third write happens, and the connection drops before its answer',
    expected: 'finds out what happened, and does nothing twice',
    inject: losesAnswers,
  }),
  ...both({
    fault: 'dropped connections',
    injected: 'every fourth request of any kind, before any effect',
    expected: 'asks again',
    inject({ lab: { faults } }) {
      let requests = 0;
      const when = () => ++requests % 4 === 0;
      return striking([faults.add({ when }, { kind: 'drop' }, always)]);
    },
  }),
];
