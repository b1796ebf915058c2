import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { LABELS, NOTES, OURS } from '../../../src/workspace/kubernetes/names.ts';
import { noteRunning, readNote } from '../../../src/workspace/kubernetes/note.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import type { RunningNote } from '../../../src/workspace/platform.ts';
import { createLiveScene, isUp, type LiveScene, SPACE } from './live-scene.ts';

let scene: LiveScene;
let note: RunningNote;

beforeEach(async () => {
  scene = await createLiveScene();
});
afterEach(() => scene.dispose());

async function stop(): Promise<void> {
  note = await noteRunning(scene.context, 'op_01');
  await stopServices(scene.context, note, {});
}
const start = (context = scene.context) => startServices(context, note, {});

describe('starting', () => {
  test('has the database ready before its clients begin', async () => {
    await stop();
    scene.world.behaviours.set('db', { readyMs: 100 });
    const begun: string[] = [];
    scene.store.listen(({ type, kind, object }) => {
      if (type === 'ADDED' && kind.kind === 'Pod') begun.push(object.metadata.labels?.app ?? '');
      if (type === 'MODIFIED' && object.metadata.name === 'db-0' && object.status?.containerStatuses?.[0]?.ready)
        begun.push('db is ready');
    });
    await start();
    expect([...new Set(begun)].slice(0, 3)).toEqual(['db', 'db is ready', 'livelog']);
  });

  test('tells programs of the operation to end first: one may hold a volume on another node', async () => {
    await stop();
    const labels = {
      [LABELS.managedBy]: OURS,
      [LABELS.workspace]: scene.context.workspace,
      ...{ [LABELS.operation]: note.operationId, [LABELS.role]: 'mover' },
    };
    const containers = [{ name: 'program', image: 'x' }];
    scene.put(kinds.JOB, 'waiting', {
      metadata: { labels },
      spec: { template: { metadata: { labels }, spec: { restartPolicy: 'Never', containers } } },
    });
    let jobsAtFirstStart: number | undefined;
    scene.faults.beforeWrite(({ verb, name }) => {
      if (verb === 'patch' && name === 'db') jobsAtFirstStart ??= scene.store.list(kinds.JOB, SPACE).length;
    });
    await start();
    expect(jobsAtFirstStart).toBe(0);
    expect(isUp(scene)).toBe(true);
  });

  test('is done twice without harm, and again after it was done', async () => {
    await stop();
    await Promise.all([start(), start()]);
    await start();
    expect(isUp(scene)).toBe(true);
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(2);
  });

  test('awaits only what was ready before', async () => {
    scene.world.behaviours.set('stuck', { neverReady: true });
    scene.workload(kinds.DEPLOYMENT, 'stuck');
    await scene.until('its pod is there', () => scene.pods('stuck').length === 1);
    await stop();
    await start();
    expect(scene.get(kinds.DEPLOYMENT, 'stuck').spec.replicas).toBe(1);
  });

  test('tries every service when one does not become ready, says why, and leaves the note', async () => {
    await stop();
    scene.world.behaviours.set('livelog', { refuses: () => 'no disk' });
    await expect(start(scene.with({ startWithin: 400 }))).rejects.toMatchObject({
      code: 'service-will-not-start',
      message: expect.stringMatching(/livelog did not become ready in time: livelog-0: its container livelog/),
    });
    await scene.until('the others are up', () => scene.get(kinds.DEPLOYMENT, 'web').status.readyReplicas === 2);
    expect(await readNote(scene.context)).toEqual(note);
    scene.world.behaviours.delete('livelog');
    scene.store.remove(kinds.POD, 'livelog-0', SPACE, { graceSeconds: 0 });
    await start();
    expect(await readNote(scene.context)).toBeUndefined();
  });

  test('leaves a service that somebody else scaled up meanwhile as it is, and says so', async () => {
    await stop();
    scene.edit(kinds.DEPLOYMENT, 'web', ({ spec }) => {
      spec.replicas = 1;
    });
    await start();
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(1);
    expect(scene.warnings.join()).toContain('somebody else started it');
  });

  test('does not touch an object made anew meanwhile: up, it is left; at none, people are told', async () => {
    await stop();
    const { spec } = scene.get(kinds.DEPLOYMENT, 'web');
    scene.store.remove(kinds.DEPLOYMENT, 'web', SPACE);
    scene.put(kinds.DEPLOYMENT, 'web', { spec });
    await expect(start()).rejects.toMatchObject({
      code: 'service-will-not-start',
      message: 'the service web was made anew by somebody else and asks for no pods',
    });
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(0);
    scene.edit(kinds.DEPLOYMENT, 'web', (web) => {
      web.spec.replicas = 1;
    });
    await start();
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(1);
  });

  test('starts all of them when the note on one was spoilt', async () => {
    await stop();
    scene.edit(kinds.DEPLOYMENT, 'web', ({ metadata }) => {
      metadata.annotations = { [NOTES.ran]: '{' };
    });
    await start();
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(2);
    expect(scene.get(kinds.DEPLOYMENT, 'web').metadata.annotations).not.toHaveProperty([NOTES.ran]);
  });

  test('starts a service whose note was written over, since its record says that it ran', async () => {
    await stop();
    scene.edit(kinds.DEPLOYMENT, 'web', ({ metadata }) => {
      metadata.annotations = {};
    });
    await start();
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(2);
  });
});

describe('an API server with faults', () => {
  test.each([
    ['throttles', { kind: 'answer', status: 429, retryAfterSeconds: 0 } as const, 3],
    ['fails', { kind: 'answer', status: 500 } as const, 2],
    ['is written to by others all the time', { kind: 'conflict' } as const, 5],
    ['drops connections', { kind: 'drop' } as const, 2],
    ['loses its answers', { kind: 'lose-answer' } as const, 2],
  ])('that %s does not keep services from stopping and starting', async (_what, fault, times) => {
    scene.faults.add({ verb: 'patch', kind: 'Deployment' }, fault, times);
    await stop();
    expect(scene.store.list(kinds.POD, SPACE)).toEqual([]);
    scene.faults.add({ verb: 'patch', kind: 'StatefulSet' }, fault, times);
    await start();
    expect(isUp(scene)).toBe(true);
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(2);
  });

  test('that drops its watches does not keep services from stopping and starting', async () => {
    const dropping = setInterval(() => scene.faults.dropWatches(), 40);
    try {
      await stop();
      await start();
    } finally {
      clearInterval(dropping);
    }
    expect(isUp(scene)).toBe(true);
  });
});

describe('starting on unknown data', () => {
  async function loseClaim(): Promise<void> {
    await stop();
    scene.store.remove(kinds.CLAIM, 'data-db-0', SPACE);
    await scene.until('the claim is gone', () => !scene.store.get(kinds.CLAIM, 'data-db-0', SPACE));
  }

  test('is refused while a claim is not there: the StatefulSet would make an empty one', async () => {
    await loseClaim();
    await expect(start()).rejects.toMatchObject({
      code: 'unknown-data',
      message: expect.stringContaining('The claim data-db-0 is not there.'),
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(scene.store.get(kinds.CLAIM, 'data-db-0', SPACE)).toBeUndefined();
    expect(scene.store.list(kinds.POD, SPACE)).toEqual([]);
    expect(await readNote(scene.context)).toEqual(note);
  });

  test('is refused while a claim is bound to a volume that nobody recorded', async () => {
    await loseClaim();
    scene.put(kinds.CLAIM, 'data-db-0', {
      spec: {
        ...{ accessModes: ['ReadWriteOnce'], storageClassName: 'longhorn' },
        resources: { requests: { storage: '1Gi' } },
      },
    });
    await scene.until('it is bound', () => scene.get(kinds.CLAIM, 'data-db-0').status?.phase === 'Bound');
    await expect(start()).rejects.toMatchObject({
      code: 'unknown-data',
      message: expect.stringMatching(/data-db-0 is bound to pvc-.*, which nobody recorded/),
    });
  });

  test('is refused from the notes on the objects alone, too', async () => {
    await loseClaim();
    for (const { metadata } of scene.store.list(kinds.CONFIG_MAP, SPACE))
      if (metadata.labels?.[LABELS.role] === 'record') scene.store.remove(kinds.CONFIG_MAP, metadata.name, SPACE);
    await expect(start()).rejects.toMatchObject({ code: 'unknown-data' });
  });
});

describe('a webhook served by a pod of the workspace', () => {
  async function gate(claims: readonly string[], selects: object = {}): Promise<void> {
    scene.workload(kinds.DEPLOYMENT, 'gatekeeper', { claims });
    await scene.untilUp();
    scene.put(kinds.ADDRESS, 'gatekeeper', { spec: { selector: { app: 'gatekeeper' } } });
    scene.put(kinds.VALIDATING_WEBHOOK, 'gate', {
      webhooks: [
        {
          ...{ name: 'gate.example.com', failurePolicy: 'Fail', objectSelector: selects },
          clientConfig: { service: { name: 'gatekeeper', namespace: SPACE } },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
        },
      ],
    });
  }
  const others = { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['gatekeeper'] }] };

  test('stays up when no pod is admitted without it and it holds no data', async () => {
    await gate([], others);
    await stop();
    expect(scene.store.list(kinds.POD, SPACE).map(({ metadata }) => metadata.labels?.app)).toEqual(['gatekeeper']);
    await start();
    expect(isUp(scene)).toBe(true);
  });

  test('is refused before anything stops when it would keep its own pod out', async () => {
    await gate(['projects-pvc']);
    await expect(stop()).rejects.toMatchObject({
      code: 'preflight-failed',
      message: expect.stringContaining('gatekeeper has to let its own pod in'),
    });
  });

  test('stops last and starts first when it holds data', async () => {
    await gate(['projects-pvc'], others);
    const gone: string[] = [];
    const begun: string[] = [];
    scene.store.listen(({ type, kind, object }) => {
      if (kind.kind !== 'Pod') return;
      if (type === 'DELETED') gone.push(object.metadata.labels?.app ?? '');
      if (type === 'ADDED') begun.push(object.metadata.labels?.app ?? '');
    });
    await stop();
    expect(gone.at(-1)).toBe('gatekeeper');
    await start();
    expect(begun[0]).toBe('gatekeeper');
    expect(isUp(scene)).toBe(true);
  });
});
