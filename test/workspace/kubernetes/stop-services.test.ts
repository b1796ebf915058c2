import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { LABELS, NOTES, OURS } from '../../../src/workspace/kubernetes/names.ts';
import { noteRunning, readNote } from '../../../src/workspace/kubernetes/note.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import { ringCronJob } from '../../fakes/kube-api/controllers/cron-job.ts';
import { createLiveScene, DRIVER, isUp, type LiveScene, SPACE } from './live-scene.ts';

const OPERATION = 'op_01';
let scene: LiveScene;

beforeEach(async () => {
  scene = await createLiveScene();
});
afterEach(() => scene.dispose());

const stop = async (context = scene.context) => stopServices(context, await noteRunning(context, OPERATION), {});
const bringBack = async (context = scene.context) => {
  const note = await readNote(context);
  return note && startServices(context, note, {});
};

/** Names of pods in the order in which they went for good. */
function watchGoing(): string[] {
  const gone: string[] = [];
  scene.store.listen(({ type, kind, object }) => {
    if (type === 'DELETED' && kind.kind === 'Pod') gone.push(object.metadata.labels?.app ?? object.metadata.name);
  });
  return gone;
}

describe('stopping', () => {
  test('takes pods down until they are gone and volumes until they are detached; starting brings all back', async () => {
    const note = await noteRunning(scene.context, OPERATION);
    expect(note.services.map(({ name }) => name)).toEqual(['web', 'ds-operator', 'nightly', 'livelog', 'db']);
    const quiet = await stopServices(scene.context, note, {});
    expect(quiet).toMatchObject({ operationId: OPERATION });
    expect(scene.store.list(kinds.POD, SPACE)).toEqual([]);
    expect(scene.store.list(kinds.ATTACHMENT)).toEqual([]);
    expect(scene.get(kinds.CRON_JOB, 'nightly').spec.suspend).toBe(true);
    const started = await startServices(scene.context, note, {});
    expect(started.services).toHaveLength(5);
    expect(isUp(scene)).toBe(true);
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(2);
    expect(scene.get(kinds.CRON_JOB, 'nightly').spec.suspend).toBe(false);
    expect(await readNote(scene.context)).toBeUndefined();
    expect(scene.warnings).toEqual([]);
  });

  test('answers the same quiet time when asked twice', async () => {
    const first = await stop();
    expect(await stop()).toEqual(first);
  });

  test('goes in order: what people see first, the database last', async () => {
    await scene.behave('web', { endMs: 60 });
    const gone = watchGoing();
    await stop();
    expect(gone.slice(-2)).toEqual(['livelog', 'db']);
    expect(gone.slice(0, 3).sort()).toEqual(['ds-operator', 'web', 'web']);
  });

  test('follows the order that is configured', async () => {
    const gone = watchGoing();
    await stop(scene.with({ order: ['db', '*', 'web'] }));
    expect(gone[0]).toBe('db');
    expect(gone.slice(-2)).toEqual(['web', 'web']);
  });

  test('waits for volumes that leave their node late, since only that writes everything out', async () => {
    Object.assign(scene.storage.waits, { detach: 300 });
    await stop();
    expect(scene.store.list(kinds.ATTACHMENT)).toEqual([]);
  });

  test('does not wait for a volume that a program of ours waiting at its gate keeps attached', async () => {
    const [pod] = scene.pods('db');
    const waiting = (gate: object) =>
      scene.put(kinds.POD, 'waiting', {
        metadata: { labels: { [LABELS.managedBy]: OURS, [LABELS.role]: 'mover' }, annotations: gate },
        spec: {
          nodeName: pod?.spec.nodeName,
          containers: [{ name: 'program', image: 'x', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } }],
        },
      });
    waiting({ [NOTES.gate]: 'closed' });
    await stop();
    const attached = scene.store.list(kinds.ATTACHMENT).map(({ spec }) => spec.source.persistentVolumeName);
    expect(attached).toEqual([scene.get(kinds.CLAIM, 'data-db-0').spec.volumeName]);
    await bringBack();
    scene.store.remove(kinds.POD, 'waiting', SPACE, { graceSeconds: 0 });
    waiting({});
    await expect(stop(scene.with({ stopWithin: 1_500 }))).rejects.toMatchObject({ code: 'service-will-not-stop' });
  });

  test('names the volume and the node when one is not detached', async () => {
    Object.assign(scene.storage.waits, { idle: 60_000 });
    await expect(stop(scene.with({ stopWithin: 500 }))).rejects.toMatchObject({
      code: 'service-will-not-stop',
      message: expect.stringContaining('is still attached to node node-1'),
    });
  });

  test('names the pod and the finalizer that hold a service, and forces nothing', async () => {
    const [pod] = scene.pods('web');
    scene.edit(kinds.POD, pod?.metadata.name ?? '', ({ metadata }) => {
      metadata.finalizers = ['example.com/hold'];
    });
    await expect(stop(scene.with({ stopWithin: 500 }))).rejects.toMatchObject({
      code: 'service-will-not-stop',
      message: expect.stringMatching(/web does not stop: the pod web-.*held by example.com\/hold/),
    });
    expect(scene.pods('web')).toHaveLength(1);
    scene.edit(kinds.POD, pod?.metadata.name ?? '', ({ metadata }) => {
      metadata.finalizers = [];
    });
    await bringBack();
    expect(isUp(scene)).toBe(true);
  });

  test('says by part who had to be killed, and says nothing of it once all ended by themselves', async () => {
    await scene.behave('livelog', { ignoresTerm: true });
    const quiet = await stop();
    expect(quiet.killed).toEqual({
      'log-livelog-0': [expect.stringContaining('livelog-0 did not end within its grace')],
    });
    expect(await stop()).toEqual(quiet);
    await bringBack();
    await scene.behave('livelog', {});
    expect((await stop()).killed).toBeUndefined();
  });

  test('says who was killed by an earlier try that came to nothing', async () => {
    await scene.behave('livelog', { ignoresTerm: true });
    await scene.behave('db', { neverEnds: true });
    await expect(stop(scene.with({ stopWithin: 2_500, order: ['livelog', '*', 'db'] }))).rejects.toMatchObject({
      code: 'service-will-not-stop',
    });
    scene.store.remove(kinds.POD, 'db-0', SPACE, { graceSeconds: 0 });
    expect((await stop()).killed).toMatchObject({
      'log-livelog-0': [expect.stringContaining('livelog-0 did not end within its grace')],
    });
  });

  test('says by part whose pod was removed by force before it was seen to end', async () => {
    await scene.behave('db', { neverEnds: true });
    const stopping = stop();
    const last = (verb: string, name?: string) =>
      scene.requests.findLastIndex((one) => one.verb === verb && (name ? one.name === name : one.kind === 'Pod'));
    const isWatched = () => last('patch', 'db') >= 0 && last('watch') > last('patch', 'db');
    await scene.until('db is told to stop and its pods are watched', isWatched);
    scene.store.remove(kinds.POD, 'db-0', SPACE, { graceSeconds: 0 });
    expect((await stopping).killed).toEqual({
      'data-db-0': [expect.stringContaining('removed before its container db was seen to end')],
    });
  });

  test('waits for the Job that a CronJob has begun', async () => {
    ringCronJob(scene.world, SPACE, 'nightly');
    await expect(stop(scene.with({ stopWithin: 400 }))).rejects.toMatchObject({
      code: 'service-will-not-stop',
      message: expect.stringMatching(/nightly does not stop: its Job nightly-\d+ still runs/),
    });
  });

  test('leaves an object that was made anew meanwhile', async () => {
    const note = await noteRunning(scene.context, OPERATION);
    const { spec } = scene.get(kinds.DEPLOYMENT, 'web');
    scene.store.remove(kinds.DEPLOYMENT, 'web', SPACE);
    scene.put(kinds.DEPLOYMENT, 'web', { spec });
    await expect(stopServices(scene.context, note, {})).rejects.toMatchObject({
      code: 'plan-changed',
      message: expect.stringContaining('web was removed or made anew'),
    });
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(2);
  });
});

describe('volumes', () => {
  const policies = () =>
    Object.fromEntries(
      scene.store
        .list(kinds.VOLUME)
        .map(({ spec }) => [spec.claimRef.name, spec.persistentVolumeReclaimPolicy as string]),
    );
  const all = (policy: string) => ({ 'data-db-0': policy, 'log-livelog-0': policy, 'projects-pvc': policy });

  test('are all kept before the first service is told to stop, and given back afterwards', async () => {
    let atFirstStop: object | undefined;
    scene.faults.beforeWrite(({ verb, body, name }) => {
      if (verb === 'patch' && name === 'web') atFirstStop ??= { ...policies(), body: typeof body };
    });
    expect(policies()).toEqual(all('Delete'));
    await stop();
    expect(atFirstStop).toMatchObject(all('Retain'));
    await bringBack();
    expect(policies()).toEqual(all('Delete'));
    expect(scene.store.list(kinds.VOLUME).every(({ metadata }) => !metadata.annotations?.[NOTES.reclaim])).toBe(true);
  });

  test('that do not take the policy keep everything from being stopped', async () => {
    scene.store.listen(({ kind, object }) => {
      if (kind.kind !== 'PersistentVolume' || object.spec.persistentVolumeReclaimPolicy !== 'Retain') return;
      scene.store.edit(kinds.VOLUME, object.metadata.name, undefined, ({ spec }) => {
        spec.persistentVolumeReclaimPolicy = 'Delete';
      });
    });
    await expect(stop()).rejects.toMatchObject({ code: 'preflight-failed' });
    expect(isUp(scene)).toBe(true);
    expect(scene.pods('web')).toHaveLength(2);
  });

  test('of a StatefulSet that deletes its claims when scaled down stay, and it is given its policy back', async () => {
    const policy = { whenScaled: 'Delete', whenDeleted: 'Retain' };
    scene.edit(kinds.STATEFUL_SET, 'db', ({ spec }) => {
      spec.persistentVolumeClaimRetentionPolicy = policy;
    });
    const { uid } = scene.get(kinds.CLAIM, 'data-db-0').metadata;
    await stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(scene.get(kinds.CLAIM, 'data-db-0').metadata).toMatchObject({ uid });
    expect(scene.get(kinds.CLAIM, 'data-db-0').metadata.deletionTimestamp).toBeUndefined();
    await bringBack();
    expect(scene.get(kinds.STATEFUL_SET, 'db').spec.persistentVolumeClaimRetentionPolicy).toEqual(policy);
    expect(scene.get(kinds.CLAIM, 'data-db-0').metadata).toMatchObject({ uid });
  });
});

describe('what would start services again', () => {
  const KEDA = 'autoscaling.keda.sh/paused';
  const scaled = () =>
    scene.put(kinds.SCALED_OBJECT, 'web-scaler', {
      spec: { scaleTargetRef: { name: 'web' }, minReplicaCount: 2, maxReplicaCount: 4 },
    });

  test('is paused while it is an autoscaler that wakes what stands at none, and let go again', async () => {
    scaled();
    await stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(0);
    expect(scene.get(kinds.SCALED_OBJECT, 'web-scaler').metadata.annotations).toMatchObject({ [KEDA]: 'true' });
    await bringBack();
    expect(scene.get(kinds.SCALED_OBJECT, 'web-scaler').metadata.annotations ?? {}).toEqual({});
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(2);
  });

  test('is let go also when a service does not come up', async () => {
    scaled();
    await stop();
    scene.world.behaviours.set('db', { neverReady: true });
    await expect(bringBack(scene.with({ startWithin: 300 }))).rejects.toMatchObject({ code: 'service-will-not-start' });
    expect(scene.get(kinds.SCALED_OBJECT, 'web-scaler').metadata.annotations ?? {}).toEqual({});
  });

  test('is suspended when Argo CD heals by itself, and heals again afterwards', async () => {
    const syncPolicy = { automated: { selfHeal: true, prune: true } };
    const application = {
      apiVersion: 'argoproj.io/v1alpha1',
      ...{ kind: 'Application', plural: 'applications', namespaced: true },
    };
    const resources = [{ kind: 'Deployment', namespace: SPACE, name: 'web' }];
    scene.put(application, 'ml', { spec: { syncPolicy }, status: { resources } }, 'default');
    await stop();
    expect(scene.get(application, 'ml', 'default').spec.syncPolicy.automated).toBeUndefined();
    await bringBack();
    expect(scene.get(application, 'ml', 'default').spec.syncPolicy).toEqual(syncPolicy);
  });
});

describe("people's workloads at the stop", () => {
  const USERS = `${SPACE}-user-1`;
  const session = () =>
    scene.put(
      kinds.POD,
      'nv8ou6d2xskx8boy',
      {
        metadata: { labels: { 'ds-role': 'session' }, annotations: { owner: 'ana' } },
        spec: { containers: [{ name: 'engine', image: 'ml/engine:1' }], terminationGracePeriodSeconds: 1 },
      },
      USERS,
    );

  test('are a reason to refuse, and nothing is stopped', async () => {
    session();
    await expect(stop(scene.with({ workloads: 'refuse' }))).rejects.toMatchObject({
      code: 'plan-changed',
      message: expect.stringContaining('a session of ana'),
    });
    expect(isUp(scene)).toBe(true);
    expect(scene.pods('web')).toHaveLength(2);
  });

  test('are waited for', async () => {
    session();
    const stopping = stop(scene.with({ workloads: 'wait' }));
    await scene.until('the volumes are kept', () =>
      scene.store.list(kinds.VOLUME).every(({ spec }) => spec.persistentVolumeReclaimPolicy === 'Retain'),
    );
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(2);
    scene.store.remove(kinds.POD, 'nv8ou6d2xskx8boy', USERS, { graceSeconds: 0 });
    await stopping;
    expect(scene.store.list(kinds.POD, SPACE)).toEqual([]);
  });

  test('are waited for no longer than configured', async () => {
    session();
    await expect(stop(scene.with({ workloads: 'wait', waitForWorkloads: 200 }))).rejects.toMatchObject({
      code: 'plan-changed',
    });
    expect(isUp(scene)).toBe(true);
  });

  test('are waited for and then ended, or left alone, as a schedule wishes', async () => {
    session();
    const note = await noteRunning(scene.context, OPERATION);
    const wished = (otherwise: 'stop' | 'put-off') =>
      stopServices(scene.with({ workloads: 'refuse' }), note, { workloads: { waitForMs: 100, otherwise } });
    await expect(wished('put-off')).rejects.toMatchObject({ code: 'put-off', message: expect.stringContaining('ana') });
    expect(isUp(scene)).toBe(true);
    expect(scene.store.list(kinds.POD, USERS)).toHaveLength(1);
    await wished('stop');
    expect(scene.store.list(kinds.POD, USERS)).toEqual([]);
    expect(scene.store.list(kinds.POD, SPACE)).toEqual([]);
  });

  test('may go on when something keeps them running and they hold no claim, as models do', async () => {
    const template = {
      metadata: { labels: { app: 'model' } },
      spec: { containers: [{ name: 'model', image: 'ml/model:1' }] },
    };
    const spec = { replicas: 1, selector: { matchLabels: { app: 'model' } }, template };
    scene.put(kinds.DEPLOYMENT, 'churn-3-1', { spec }, USERS);
    await scene.until('it runs', () => scene.store.list(kinds.POD, USERS)[0]?.status?.phase === 'Running');
    await stop();
    expect(scene.store.list(kinds.POD, USERS)).toHaveLength(1);
  });

  test('are ended when the configuration says so, and it is said whose they were', async () => {
    session();
    await stop(scene.with({ workloads: 'stop' }));
    expect(scene.store.list(kinds.POD, USERS)).toEqual([]);
    expect(scene.warnings.join()).toContain('ana');
  });
});

describe('a server of a shared folder', () => {
  /** As `longhorn-nfs-<workspace>` is: a Deployment that makes volumes of a class and shows a claim of its own. */
  async function serveProjects(settings: object): Promise<ReturnType<LiveScene['with']>> {
    scene.put(kinds.STORAGE_CLASS, 'longhorn-nfs-sc', { provisioner: 'longhorn-pv-ws1' });
    scene.storage.provisioners.set('longhorn-pv-ws1', () => ({ nfs: { server: '10.0.0.9', path: '/export/shared' } }));
    scene.put(kinds.CLAIM, 'nfs-data', {
      spec: {
        ...{ accessModes: ['ReadWriteOnce'], storageClassName: 'longhorn' },
        resources: { requests: { storage: '1Gi' } },
      },
    });
    scene.workload(kinds.DEPLOYMENT, 'nfs-server', { claims: ['nfs-data'] });
    scene.edit(kinds.DEPLOYMENT, 'nfs-server', ({ spec }) => {
      spec.template.spec.containers[0].args = ['-provisioner=longhorn-pv-ws1'];
      spec.template.spec.containers[0].ports = [{ containerPort: 2049 }];
    });
    scene.put(kinds.CLAIM, 'shared', {
      spec: {
        ...{ accessModes: ['ReadWriteMany'], storageClassName: 'longhorn-nfs-sc' },
        resources: { requests: { storage: '1Gi' } },
      },
    });
    scene.workload(kinds.DEPLOYMENT, 'api', { claims: ['shared'] });
    await scene.untilUp();
    return scene.with(settings);
  }
  const capture = (how: string) => ({ parts: { shared: { capture: how } } });

  test('stops last, when every mount of it is gone, and starts first', async () => {
    scene.put(kinds.SNAPSHOT_CLASS, 'snap', { driver: DRIVER, deletionPolicy: 'Delete', parameters: { type: 'snap' } });
    const context = await serveProjects(capture('snapshot'));
    const gone = watchGoing();
    await scene.behave('api', { endMs: 100 });
    await stop(context);
    expect(gone.at(-1)).toBe('nfs-server');
    const up: string[] = [];
    scene.store.listen(({ type, kind, object }) => {
      if (type === 'ADDED' && kind.kind === 'Pod') up.push(object.metadata.labels?.app ?? '');
    });
    await bringBack(context);
    expect(up[0]).toBe('nfs-server');
  });

  test('waits for mounts of pods that are no services', async () => {
    scene.put(kinds.SNAPSHOT_CLASS, 'snap', { driver: DRIVER, deletionPolicy: 'Delete', parameters: { type: 'snap' } });
    const context = await serveProjects({ ...capture('snapshot'), stopWithin: 500 });
    scene.put(kinds.POD, 'stranger', {
      spec: {
        containers: [{ name: 'main', image: 'x', volumeMounts: [{ name: 'shared', mountPath: '/shared' }] }],
        volumes: [{ name: 'shared', persistentVolumeClaim: { claimName: 'shared' } }],
      },
    });
    await expect(stop(context)).rejects.toMatchObject({
      code: 'service-will-not-stop',
      message: expect.stringContaining(`nfs-server cannot stop yet: the pod ${SPACE}/stranger has shared mounted`),
    });
    expect(scene.get(kinds.DEPLOYMENT, 'nfs-server').spec.replicas).toBe(1);
  });

  test('stays up when the folder is copied in two passes', async () => {
    const context = await serveProjects(capture('two-pass'));
    await stop(context);
    expect(scene.store.list(kinds.POD, SPACE).map(({ metadata }) => metadata.labels?.app)).toEqual(['nfs-server']);
  });
});
