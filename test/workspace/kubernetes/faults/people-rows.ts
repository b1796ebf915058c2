import { expect } from 'vitest';
import {
  AUTOSCALER,
  DEPLOYMENT,
  type Kind,
  NAMESPACE as NAMESPACES,
  SCALED_OBJECT,
  VALIDATING_WEBHOOK,
} from '../../../../src/workspace/kubernetes/kinds.ts';
import { writeRan } from '../../../../src/workspace/kubernetes/ledger.ts';
import { NOTES } from '../../../../src/workspace/kubernetes/names.ts';
import { ARGO_APPLICATION } from '../../../fakes/kube-api/controllers/gitops.ts';
import { DOWN_AND_UP, type FaultRow, type FaultScene, NAMESPACE, type Struck } from './fault-row.ts';

const stories = ['backup', 'restore'] as const;
/** Lets the guard act, and people read its page. */
async function untilPaged(scene: FaultScene, struck: Struck): Promise<void> {
  await scene.until('it struck', () => struck() > 0);
  scene.world.guards.passUntilDue();
  await scene.until('people are paged', () => scene.pages() > 0);
}

/** What stays of an operation that has ended when its guard acts: that Job for a day, its record until it is swept. */
const GUARDED = /^(Job|Pod) cml-guard|^ConfigMap cml-backup-/;
const OTHER = 'op_someoneelse';

function put({ lab }: FaultScene, kind: Kind, metadata: object, rest: object): void {
  lab.store.create(kind, { metadata, ...rest } as never);
}

const web = ({ lab }: FaultScene) => lab.store.get(DEPLOYMENT, 'web', NAMESPACE);

/** One on another server, which is not there: with it no pod of the namespace is let in. */
function closeGate(scene: FaultScene): void {
  const webhook = {
    ...{ name: 'gate.example.com', failurePolicy: 'Fail', sideEffects: 'None', admissionReviewVersions: ['v1'] },
    clientConfig: { service: { name: 'gate', namespace: 'default', path: '/' } },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
  };
  put(scene, VALIDATING_WEBHOOK, { name: 'gate' }, { webhooks: [webhook] });
}

const openGate = ({ lab }: FaultScene) => lab.store.remove(VALIDATING_WEBHOOK, 'gate');

function makeAnew({ lab }: FaultScene): void {
  const { spec } = lab.store.get(DEPLOYMENT, 'web', NAMESPACE) ?? {};
  lab.store.remove(DEPLOYMENT, 'web', NAMESPACE);
  lab.store.create(DEPLOYMENT, {
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { ...spec, replicas: 3 },
  } as never);
}

const application = {
  metadata: { name: 'ml', namespace: 'argocd' },
  spec: { syncPolicy: { automated: { selfHeal: true, prune: true } } },
  status: { resources: [{ kind: 'Deployment', namespace: NAMESPACE, name: 'web' }] },
};

export const peopleRows: readonly FaultRow[] = [
  ...stories.flatMap((story): FaultRow[] => [
    {
      fault: 'an Application of Argo CD heals replicas',
      story,
      injected: 'web, by itself, within 10 ms',
      expected: 'holds it still meanwhile, and gives it back',
      ends: DOWN_AND_UP,
      inject(scene) {
        put(scene, NAMESPACES, { name: 'argocd' }, {});
        put(scene, ARGO_APPLICATION, application.metadata, application);
        return () => 1;
      },
      also: ({ lab }) => expect(lab.store.get(ARGO_APPLICATION, 'ml', 'argocd')?.spec).toEqual(application.spec),
    },
    {
      fault: 'autoscalers scale services',
      story,
      injected: 'web at least 3 (HPA), ds-operator at least 1 (KEDA)',
      expected: 'lets the one sleep, pauses the other, and both go on',
      ends: DOWN_AND_UP,
      inject(scene) {
        const target = (name: string) => ({ scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } });
        const spec = { ...target('web'), minReplicas: 3, maxReplicas: 5 };
        put(scene, AUTOSCALER, { name: 'web', namespace: NAMESPACE }, { spec });
        const scaled = { ...target('ds-operator'), minReplicaCount: 1, maxReplicaCount: 1 };
        put(scene, SCALED_OBJECT, { name: 'ds-operator', namespace: NAMESPACE }, { spec: scaled });
        return () => 1;
      },
      also: ({ lab }) =>
        expect(lab.store.get(SCALED_OBJECT, 'ds-operator', NAMESPACE)?.metadata.annotations ?? {}).toEqual({}),
    },
    {
      fault: 'a webhook that fails closed is served by the workspace',
      story,
      injected: 'its pod lets every other pod in, or none without it',
      expected: 'stops it last and starts it first',
      options: { evaluator: true },
      ends: DOWN_AND_UP,
      inject: () => () => 1,
    },
  ]),
  {
    fault: 'Argo CD of another cluster owns a service',
    story: 'backup',
    injected: 'the tracking id of an Application that cannot be seen',
    expected: 'refuses it before anyone is disturbed',
    ends: { status: 'failed', code: 'preflight-failed', services: 'never down', says: /scaled up again by Argo CD/ },
    inject({ lab }) {
      lab.store.edit(DEPLOYMENT, 'web', NAMESPACE, ({ metadata }) => {
        metadata.annotations = { 'argocd.argoproj.io/tracking-id': 'hub:apps/Deployment:workspace1/web' };
      });
      return () => 1;
    },
  },
  {
    fault: 'a webhook whose server is down',
    story: 'backup',
    injected: 'before the backup; it fails closed',
    expected: 'sees in the rehearsal that no pod would come up again',
    ends: { status: 'failed', code: 'preflight-failed', services: 'never down', says: /failed calling webhook/ },
    inject(scene) {
      closeGate(scene);
      return () => 1;
    },
    also: openGate,
  },
  ...stories.map(
    (story): FaultRow => ({
      fault: 'a webhook whose server goes down',
      story,
      injected: 'while services are down; startWithin 1 s',
      expected: 'tries to start for as long as it takes, pages, and has them up when pods are let in',
      settings: { startWithin: 1_000 },
      ends: {
        ...{ status: story === 'backup' ? 'succeeded' : 'failed', services: 'down and up again', paged: true },
        leaves: GUARDED,
      },
      inject: (scene) => (story === 'backup' ? scene.inCut : scene.inSwap)(() => closeGate(scene)),
      async meanwhile(scene, struck) {
        await untilPaged(scene, struck);
        openGate(scene);
      },
    }),
  ),
  {
    fault: "another operation's note stands on a service",
    story: 'backup',
    injected: `on web, by ${OTHER}`,
    expected: 'refuses to begin, and leaves the note',
    ends: { status: 'failed', code: 'preflight-failed', services: 'never down', says: new RegExp(OTHER) },
    inject({ lab }) {
      const note = { operationId: OTHER, notedAt: new Date().toISOString(), service: 'web', replicas: 3 };
      lab.store.edit(DEPLOYMENT, 'web', NAMESPACE, ({ metadata }) => {
        metadata.annotations = {
          [NOTES.ran]: writeRan({ ...note, ready: true, wave: 0 }),
        };
      });
      return () => 1;
    },
    mend({ lab }) {
      lab.store.edit(DEPLOYMENT, 'web', NAMESPACE, ({ metadata }) => {
        expect(metadata.annotations?.[NOTES.ran]).toContain(OTHER);
        metadata.annotations = {};
      });
    },
  },
  {
    fault: 'a service is made anew meanwhile',
    story: 'backup',
    injected: 'web, with another uid, while services are down',
    expected: 'leaves the new one alone, and fails the cut',
    ends: { status: 'failed', code: 'not-quiet', services: 'down and up again' },
    inject: (scene) => scene.inCut(() => makeAnew(scene)),
    also: (scene) => expect(web(scene)?.metadata.annotations?.[NOTES.ran]).toBeUndefined(),
  },
  {
    fault: 'an operator scales a service up in the cut',
    story: 'backup',
    injected: 'web to 3, while storage is asked for snapshots',
    expected: 'fails the cut: what was taken is no backup',
    ends: { status: 'failed', code: 'not-quiet', services: 'down and up again' },
    inject: ({ layout, inCut }) => inCut(() => layout.bringUp('web', 3)),
  },
  {
    fault: 'an operator scales a service up in the swap',
    story: 'restore',
    injected: 'web to 3, when the first live claim is gone, until people are paged',
    expected: 'does not take down what others started: pages, and puts back once they did',
    ends: { status: 'failed', services: 'down and up again', paged: true, leaves: GUARDED },
    inject: ({ layout, inSwap }) => inSwap(() => layout.bringUp('web', 3)),
    async meanwhile(scene, struck) {
      await untilPaged(scene, struck);
      scene.layout.takeDown('web');
    },
  },
  {
    fault: 'a permission is missing',
    story: 'backup',
    injected: 'to create snapshots',
    expected: 'names it before anyone is disturbed',
    ends: { status: 'failed', code: 'preflight-failed', services: 'never down', says: /volumesnapshots/ },
    inject({ lab }) {
      lab.access.deny({ verb: 'create', resource: 'volumesnapshots' });
      return () => 1;
    },
  },
  {
    fault: 'a permission is missing',
    story: 'restore',
    injected: 'to delete claims',
    expected: 'names it to who asks',
    ends: {
      status: 'refused',
      code: 'preflight-failed',
      services: 'never down',
      says: /delete persistentvolumeclaims/,
    },
    inject({ lab }) {
      lab.access.deny({ verb: 'delete', resource: 'persistentvolumeclaims' });
      return () => 1;
    },
  },
  {
    fault: 'a permission is taken away while services are down',
    story: 'backup',
    injected: 'to patch Deployments and StatefulSets, until people are paged',
    expected: 'pages, goes on trying, and has them up once it is given back',
    ends: { status: 'succeeded', services: 'down and up again', paged: true },
    inject: ({ lab, inCut }) =>
      inCut(() => {
        for (const resource of ['deployments', 'statefulsets']) lab.access.deny({ verb: 'patch', resource });
      }),
    async meanwhile(scene, struck) {
      await untilPaged(scene, struck);
      scene.lab.access.allowAll();
    },
  },
];
