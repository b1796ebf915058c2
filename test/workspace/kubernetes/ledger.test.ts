import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { readLedger } from '../../../src/workspace/kubernetes/ledger.ts';
import { LABELS, NOTES } from '../../../src/workspace/kubernetes/names.ts';
import { noteRunning, readNote } from '../../../src/workspace/kubernetes/note.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import { Refused, type Stored } from '../../fakes/kube-api/store.ts';
import { createLiveScene, isUp, type LiveScene, SPACE } from './live-scene.ts';

const OPERATION = 'op_01';
let scene: LiveScene;

beforeEach(async () => {
  scene = await createLiveScene();
});
afterEach(() => scene.dispose());

const note = () => noteRunning(scene.context, OPERATION);
const ranOf = ({ metadata }: Stored) => JSON.parse(metadata.annotations?.[NOTES.ran] ?? 'null');

function forgetRecords(): void {
  for (const { metadata } of scene.store.list(kinds.CONFIG_MAP, SPACE))
    if (metadata.labels?.[LABELS.role] === 'record') scene.store.remove(kinds.CONFIG_MAP, metadata.name, SPACE);
}

describe('what ran', () => {
  test('is recorded with kind, uid, replicas and readiness before anything is stopped', async () => {
    scene.world.behaviours.set('stuck', { neverReady: true });
    scene.workload(kinds.DEPLOYMENT, 'stuck');
    await note();
    const { entries = [] } = (await readLedger(scene.context)) ?? {};
    const { uid } = scene.get(kinds.DEPLOYMENT, 'web').metadata;
    expect(entries).toContainEqual(
      expect.objectContaining({ kind: 'Deployment', object: 'web', uid, replicas: 2, ready: true }),
    );
    expect(entries).toContainEqual(expect.objectContaining({ object: 'stuck', ready: false }));
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'CronJob', object: 'nightly', replicas: 1 }));
    expect(isUp({ store: scene.store })).toBe(false); // only `stuck` is not
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(2);
  });

  test('leaves out what did not run', async () => {
    scene.workload(kinds.DEPLOYMENT, 'off', { replicas: 0 });
    expect((await note()).services.map(({ name }) => name)).not.toContain('off');
  });

  test('stands on the object in the very write that stops it, and goes in the one that starts it', async () => {
    const torn: string[] = [];
    scene.store.listen(({ kind, object }) => {
      if (kind.kind !== 'Deployment' && kind.kind !== 'StatefulSet') return;
      if ((object.spec.replicas === 0) !== (ranOf(object) !== null)) torn.push(object.metadata.name);
    });
    const running = await note();
    await stopServices(scene.context, running, {});
    expect(ranOf(scene.get(kinds.DEPLOYMENT, 'web'))).toMatchObject({ operationId: OPERATION, replicas: 2 });
    await startServices(scene.context, running, {});
    expect(torn).toEqual([]);
  });

  test('is what stood when it was stopped, also when somebody wrote in between', async () => {
    const running = await note();
    let hasWritten = false;
    scene.faults.beforeWrite(({ name, verb }) => {
      if (name !== 'web' || verb !== 'patch' || hasWritten) return;
      hasWritten = true;
      scene.edit(kinds.DEPLOYMENT, 'web', ({ spec }) => {
        spec.replicas = 3;
      });
    });
    await stopServices(scene.context, running, {});
    expect(hasWritten).toBe(true);
    expect(ranOf(scene.get(kinds.DEPLOYMENT, 'web'))).toMatchObject({ replicas: 3 });
    await startServices(scene.context, running, {});
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(3);
  });

  test('is not written over by the same operation', async () => {
    const first = await note();
    scene.edit(kinds.DEPLOYMENT, 'web', ({ spec }) => {
      spec.replicas = 1;
    });
    expect(await note()).toEqual(first);
    const { entries = [] } = (await readLedger(scene.context)) ?? {};
    expect(entries.find(({ object }) => object === 'web')).toMatchObject({ replicas: 2 });
  });

  test("of another operation is refused, whether its record or only the objects' own notes stand", async () => {
    const running = await note();
    const other = () => noteRunning(scene.context, 'op_02');
    await expect(other()).rejects.toMatchObject({ code: 'plan-changed', message: expect.stringContaining(OPERATION) });
    await stopServices(scene.context, running, {});
    forgetRecords();
    await expect(other()).rejects.toMatchObject({ code: 'plan-changed', message: expect.stringContaining(OPERATION) });
  });

  test('brings services back from the objects alone', async () => {
    await stopServices(scene.context, await note(), {});
    forgetRecords();
    const found = await readNote(scene.context);
    expect(found?.operationId).toBe(OPERATION);
    expect(found?.services.map(({ name }) => name).sort()).toEqual(['db', 'ds-operator', 'livelog', 'nightly', 'web']);
    await startServices(scene.context, found ?? (await note()), {});
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(2);
    expect(isUp(scene)).toBe(true);
  });

  test('is answered after a stop that was cut off half-way', async () => {
    const running = await note();
    await scene.behave('livelog', { neverEnds: true });
    const giveUp = new AbortController();
    const stopping = stopServices(scene.context, running, { signal: giveUp.signal });
    await scene.until('livelog is told to stop', () => scene.get(kinds.STATEFUL_SET, 'livelog').spec.replicas === 0);
    giveUp.abort(new Error('cut off'));
    await expect(stopping).rejects.toThrow('cut off');
    expect(scene.get(kinds.STATEFUL_SET, 'db').spec.replicas).toBe(1);
    scene.store.remove(kinds.POD, 'livelog-0', SPACE, { graceSeconds: 0 });
    scene.world.behaviours.delete('livelog');
    const found = await readNote(scene.context);
    expect(found?.services).toEqual(expect.arrayContaining(running.services));
    await startServices(scene.context, running, {});
    expect(isUp(scene)).toBe(true);
  });
});

describe('before anything is stopped', () => {
  test('the start is rehearsed, and what would not come up again is refused', async () => {
    scene.admit(({ operation, request, object }) => {
      if (operation !== 'CREATE' || request.served.kind.kind !== 'Pod' || !request.dryRun) return;
      if (object.metadata?.labels?.app === 'db') throw refused('pods "db-0" is forbidden: violates PodSecurity');
    });
    await expect(note()).rejects.toMatchObject({
      code: 'preflight-failed',
      message: expect.stringContaining('db would not be let in again: pods "db-0" is forbidden: violates PodSecurity'),
    });
    expect(await readNote(scene.context)).toBeUndefined();
    expect(scene.store.list(kinds.POD, SPACE).filter(({ metadata }) => /rehearsal/.test(metadata.name))).toEqual([]);
  });

  test('an operator that would scale a service back is refused', async () => {
    scene.edit(kinds.STATEFUL_SET, 'db', ({ metadata }) => {
      metadata.labels = { 'olm.owner': 'postgres.v5' };
    });
    await expect(note()).rejects.toMatchObject({
      code: 'preflight-failed',
      message: expect.stringContaining('db would be started again by OLM (postgres.v5)'),
    });
  });
});

function refused(message: string): Refused {
  return new Refused(403, 'Forbidden', message);
}
