import { CONFIG_MAP, JOB, POD } from '../../../../src/workspace/kubernetes/kinds.ts';
import { LABELS, MOUNTS } from '../../../../src/workspace/kubernetes/names.ts';
import type { Store, Stored } from '../../../fakes/kube-api/store.ts';
import { DOWN_AND_UP, type FaultRow, type FaultScene, NAMESPACE, type Struck } from './fault-row.ts';

/** The first pod that runs of a mover's Job with such a name. */
function onceItRuns({ lab }: FaultScene, jobs: RegExp, work: (pod: Stored) => unknown): Struck {
  let times = 0;
  lab.store.listen(({ kind, object }) => {
    const isRunning = object.status?.containerStatuses?.some(({ state }: Stored) => state?.running);
    const job = object.metadata.labels?.['job-name'] ?? '';
    if (kind.kind !== POD.kind || times > 0 || !isRunning || !jobs.test(job)) return;
    times += 1;
    setTimeout(() => work(object), 50);
  });
  return () => times;
}

const SLOW = 'sleep 0.4';
const MOVERS = { backup: /-later$/, restore: /-fill-/ };
const FIRST = { backup: /-reach$/, restore: MOVERS.restore };
const stories = ['backup', 'restore'] as const;

const HOLD = 'somebody/holds-it';
const isHeld = ({ metadata }: Stored) => metadata.finalizers?.includes(HOLD) === true;
const podsOf = (store: Store, app: string) =>
  store.list(POD, NAMESPACE).filter(({ metadata }) => metadata.labels?.app === app);

const roleOf = ({ metadata }: Stored) => metadata.labels?.[LABELS.role];

const UNREACHABLE = 'echo "Fatal: dial tcp 10.0.0.9:443: connect: connection refused" >&2; exit 1';

export const podRows: readonly FaultRow[] = [
  ...stories.flatMap((story): FaultRow[] => [
    {
      fault: 'the program of a Job is killed',
      story,
      injected: 'SIGKILL to all in its pod while it moves data',
      expected: 'runs it again',
      script: SLOW,
      ends: DOWN_AND_UP,
      inject: (scene) =>
        onceItRuns(scene, MOVERS[story], ({ metadata }) => scene.lab.world.programs.get(metadata.uid)?.kill()),
    },
    {
      fault: 'the pod of a Job is deleted',
      story,
      injected: 'without any grace, while it moves data',
      expected: 'runs it again',
      script: SLOW,
      ends: DOWN_AND_UP,
      inject: (scene) =>
        onceItRuns(scene, MOVERS[story], ({ metadata }) =>
          scene.lab.store.remove(POD, metadata.name, NAMESPACE, { graceSeconds: 0 }),
        ),
    },
    {
      fault: 'a Job is deleted under us',
      story,
      injected: 'while it moves data',
      expected: 'makes it again',
      script: SLOW,
      ends: DOWN_AND_UP,
      inject: (scene) =>
        onceItRuns(scene, MOVERS[story], ({ metadata }) =>
          scene.lab.store.remove(JOB, metadata.labels?.['job-name'] ?? '', NAMESPACE),
        ),
    },
    {
      fault: 'the repository cannot be reached from a Job',
      story,
      injected: 'every mover ends with: connection refused',
      expected: 'fails before anyone is disturbed',
      script: UNREACHABLE,
      ends: { status: 'failed', code: 'mover-unavailable', says: /connection refused/, services: 'never down' },
      inject: (scene) => onceItRuns(scene, FIRST[story], () => undefined),
    },
  ]),
  {
    fault: 'the repository cannot be reached any more from a Job',
    story: 'backup',
    injected: 'every mover that has data mounted ends with: connection refused',
    expected: 'has services up, and calls nothing a backup',
    script: `[ ! -d ${MOUNTS}/snapshot ] || { ${UNREACHABLE}; }`,
    ends: {
      ...{ status: 'failed', code: 'mover-unavailable', says: /connection refused/ },
      services: 'down and up again',
    },
    inject: (scene) => onceItRuns(scene, MOVERS.backup, () => undefined),
  },
  ...stories.map(
    (story): FaultRow => ({
      fault: 'a pod is stuck in Terminating',
      story,
      injected: 'that of ds-operator, by a finalizer of somebody; stopWithin 1 s',
      expected: 'says which pod, removes nothing by force, starts all again',
      settings: { stopWithin: 1_000 },
      ends: {
        ...{ status: 'failed', code: 'service-will-not-stop', services: 'down and up again' },
        says: /ds-operator does not stop: the pod ds-operator-\S+ is still there \(held by somebody\/holds-it\)/,
      },
      inject({ lab }) {
        for (const { metadata } of podsOf(lab.store, 'ds-operator'))
          lab.store.edit(POD, metadata.name, NAMESPACE, ({ metadata: own }) => {
            own.finalizers = [...(own.finalizers ?? []), HOLD];
          });
        return () => podsOf(lab.store, 'ds-operator').filter(isHeld).length;
      },
      also({ lab }) {
        for (const { metadata } of podsOf(lab.store, 'ds-operator').filter(isHeld))
          lab.store.edit(POD, metadata.name, NAMESPACE, (pod) => {
            pod.metadata.finalizers = [];
          });
      },
    }),
  ),
  {
    fault: 'the guard is deleted under us',
    story: 'backup',
    injected: 'its Job, while services are down',
    expected: 'goes on without it',
    ends: DOWN_AND_UP,
    inject: ({ lab, inCut }) =>
      inCut(() => {
        for (const job of lab.store.list(JOB, NAMESPACE))
          if (roleOf(job) === 'guard') lab.store.remove(JOB, job.metadata.name, NAMESPACE);
      }),
  },
  {
    fault: 'our record is deleted under us',
    story: 'backup',
    injected: 'its ConfigMap, while services are down',
    expected: 'starts services from their own notes, and fails the cut',
    ends: { status: 'failed', code: 'not-quiet', services: 'down and up again' },
    inject: ({ lab, inCut }) =>
      inCut(() => {
        for (const map of lab.store.list(CONFIG_MAP, NAMESPACE))
          if (roleOf(map) === 'record') lab.store.remove(CONFIG_MAP, map.metadata.name, NAMESPACE);
      }),
  },
];
