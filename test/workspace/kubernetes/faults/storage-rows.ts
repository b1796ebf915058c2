import { SNAPSHOT, SNAPSHOT_CLASS } from '../../../../src/workspace/kubernetes/kinds.ts';
import type { SnapshotFault } from '../../../fakes/kube-api/controllers/storage.ts';
import { LONGHORN } from '../../../fakes/kube-api/layouts/ecs-longhorn.ts';
import type { ApiRequest } from '../../../fakes/kube-api/requests.ts';
import type { Stored } from '../../../fakes/kube-api/store.ts';
import { DOWN_AND_UP, type FaultRow, type FaultScene, NAMESPACE, type Struck, striking } from './fault-row.ts';

const always = Number.POSITIVE_INFINITY;
const never = Number.POSITIVE_INFINITY;
const DATABASE = 'postgres-data-versioned-db-0';

/** Of the database's volume, each time that one is asked for. */
function snapshotsOfDatabase({ lab }: FaultScene, fault: (time: number) => SnapshotFault | undefined): Struck {
  let times = 0;
  lab.storage.snapshotFault = ({ snapshot }) => {
    if (!snapshot.name.includes('postgres')) return undefined;
    times += 1;
    return fault(times);
  };
  return () => times;
}

const startsDatabase = ({ verb, name, body }: ApiRequest) =>
  verb === 'patch' && name === 'db' && (body as Stored).spec?.replicas === 1;

const quota = (what: string) =>
  ({ kind: 'answer', status: 403, message: `forbidden: exceeded quota: ml, requested: count/${what}=1` }) as const;

const FAILED_CUT = { status: 'failed', code: 'part-missing', services: 'down and up again' } as const;

export const storageRows: readonly FaultRow[] = [
  {
    fault: 'a snapshot is never ready',
    story: 'backup',
    injected: 'taken at once, never usable; usableWithin 1 s',
    expected: 'has services up at once, says so, and calls nothing a backup',
    settings: { usableWithin: 1_000 },
    ends: { ...FAILED_CUT, says: /did not become usable within/ },
    inject: (scene) => snapshotsOfDatabase(scene, () => ({ readyMs: never })),
  },
  {
    fault: 'a snapshot cannot become ready',
    story: 'backup',
    injected: 'taken, then the driver says that it is not found',
    expected: 'gives it up at once, with the words of the driver',
    ends: { ...FAILED_CUT, says: /never be usable: snapshot snap:.* not found/ },
    inject(scene) {
      const { lab } = scene;
      let told = 0;
      lab.store.listen(({ kind, object }) => {
        if (kind.kind !== SNAPSHOT.kind || object.status?.readyToUse !== false || object.status.error) return;
        if (object.status.creationTime === undefined) return;
        told += 1;
        lab.store.edit(SNAPSHOT, object.metadata.name, NAMESPACE, ({ status }) => {
          status.error = { message: 'snapshot snap://x not found' };
        });
      });
      snapshotsOfDatabase(scene, () => ({ readyMs: never }));
      return () => told;
    },
  },
  {
    fault: 'a snapshot is refused for good',
    story: 'backup',
    injected: 'the driver answers: not supported',
    expected: 'gives the cut up at once and removes the others',
    settings: { snapshotWithin: 60_000 },
    ends: { ...FAILED_CUT, says: /not supported/ },
    inject: (scene) => snapshotsOfDatabase(scene, () => ({ error: 'snapshots are not supported by this volume' })),
  },
  {
    fault: 'a snapshot is refused for a while',
    story: 'backup',
    injected: 'the driver answers twice: busy',
    expected: 'waits for the driver, which tries again',
    ends: DOWN_AND_UP,
    inject: (scene) => snapshotsOfDatabase(scene, (time) => (time < 3 ? { error: 'the engine is busy' } : undefined)),
  },
  {
    fault: 'a snapshot is taken too late',
    story: 'backup',
    injected: 'after 3 s; snapshotWithin 0.5 s',
    expected: 'does not wait for storage, and removes what comes late',
    settings: { snapshotWithin: 500 },
    ends: { ...FAILED_CUT, says: /not taken within/ },
    inject: (scene) => snapshotsOfDatabase(scene, () => ({ snapshotMs: 3_000 })),
  },
  {
    fault: 'the snapshot class is of another driver',
    story: 'backup',
    injected: 'snapshotClasses names a class of other.csi.example.com',
    expected: 'refuses it before anyone is disturbed',
    settings: { snapshotClasses: { [LONGHORN]: 'other' } },
    ends: { status: 'failed', code: 'preflight-failed', says: /is for other\.csi/, services: 'never down' },
    inject({ lab }) {
      const made = { metadata: { name: 'other' }, driver: 'other.csi.example.com', deletionPolicy: 'Delete' };
      lab.store.create(SNAPSHOT_CLASS, made as never);
      return () => 1;
    },
  },
  {
    fault: 'a snapshot is deleted under us',
    story: 'backup',
    injected: 'all of them, when services start again',
    expected: 'calls nothing a backup',
    ends: { ...FAILED_CUT, says: /somebody removed it/ },
    inject: ({ lab, once }) =>
      once('after', startsDatabase, () => {
        for (const { metadata } of lab.store.list(SNAPSHOT, NAMESPACE))
          lab.store.remove(SNAPSHOT, metadata.name, NAMESPACE);
      }),
  },
  {
    fault: 'a quota of snapshots is exceeded',
    story: 'backup',
    injected: '403 for every snapshot',
    expected: 'gives the cut up',
    ends: { status: 'failed', code: 'platform-unavailable', services: 'down and up again' },
    inject: ({ lab: { faults } }) =>
      striking([faults.add({ verb: 'create', kind: 'VolumeSnapshot' }, quota('volumesnapshots'), always)]),
  },
  {
    fault: 'a quota of claims is exceeded',
    story: 'backup',
    injected: '403 for every claim that would read a snapshot',
    expected: 'calls nothing a backup',
    ends: { status: 'failed', code: 'platform-unavailable', services: 'down and up again' },
    inject: ({ lab: { faults } }) =>
      striking([
        faults.add({ verb: 'create', kind: 'PersistentVolumeClaim' }, quota('persistentvolumeclaims'), always),
      ]),
  },
  {
    fault: 'a quota of claims is exceeded',
    story: 'restore',
    injected: '403 for every claim that would be filled',
    expected: 'fails before anyone is disturbed',
    ends: { status: 'failed', code: 'preflight-failed', services: 'never down' },
    inject: ({ lab: { faults } }) =>
      striking([
        faults.add(
          { verb: 'create', kind: 'PersistentVolumeClaim', name: /^cml-staged/ },
          quota('persistentvolumeclaims'),
          always,
        ),
      ]),
  },
  {
    fault: "somebody's snapshot of a live claim is not ready",
    story: 'restore',
    injected: 'asked for before the restore, never usable',
    expected: 'touches no claim: it would be held in Terminating',
    ends: {
      status: 'failed',
      code: 'swap-failed',
      says: /is not ready and would hold it/,
      services: 'down and up again',
    },
    inject(scene) {
      const { lab } = scene;
      const spec = { volumeSnapshotClassName: 'longhorn-snapshot', source: { persistentVolumeClaimName: DATABASE } };
      lab.storage.snapshotFault = () => ({ readyMs: never });
      lab.store.create(SNAPSHOT, { metadata: { name: 'of-somebody', namespace: NAMESPACE }, spec } as never);
      return () => 1;
    },
    also: ({ lab }) => lab.store.remove(SNAPSHOT, 'of-somebody', NAMESPACE),
  },
];
