import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { armGuard, disarmGuard } from '../../../src/workspace/kubernetes/guard.ts';
import { readOrder } from '../../../src/workspace/kubernetes/guard-order.ts';
import type { PutBack } from '../../../src/workspace/kubernetes/guard-put-back.ts';
import { putBackOf } from '../../../src/workspace/kubernetes/guard-swaps.ts';
import * as kinds from '../../../src/workspace/kubernetes/kinds.ts';
import { noteRunning, readNote } from '../../../src/workspace/kubernetes/note.ts';
import { readPages } from '../../../src/workspace/kubernetes/page.ts';
import { createOperationRecords } from '../../../src/workspace/kubernetes/records.ts';
import { runGuard } from '../../../src/workspace/kubernetes/run-guard.ts';
import { startServices } from '../../../src/workspace/kubernetes/start-services.ts';
import { stopServices } from '../../../src/workspace/kubernetes/stop-services.ts';
import type { RunningNote } from '../../../src/workspace/platform.ts';
import { createLiveScene, isUp, type LiveScene, SPACE } from './live-scene.ts';

const OPERATION = 'op_01';
const ROOT = join(import.meta.dirname, '..', '..', '..');
const GUARD = join(ROOT, 'dist', 'src', 'workspace', 'kubernetes', 'guard-main.js');
const LONG_MS = 3_600_000;

let scene: LiveScene;
let note: RunningNote;

beforeEach(async () => {
  scene = await createLiveScene();
  note = await noteRunning(scene.context, OPERATION);
});
afterEach(() => scene.dispose());

const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const arm = (ms: number) =>
  armGuard({ context: scene.context, guardProgram: [process.execPath, GUARD] }, note, inMs(ms));
const guardPods = () => scene.store.list(kinds.POD, SPACE).filter(({ metadata }) => /^cml-guard/.test(metadata.name));

describe('the guard', { timeout: 60_000 }, () => {
  test('runs in a pod before arming answers, and starts what ran when nobody returns', async () => {
    await arm(4_000);
    expect(guardPods().map(({ status }) => status?.phase)).toEqual(['Running']);
    await stopServices(scene.context, note, {});
    expect(isUp(scene)).toBe(true); // nothing asks for pods
    await untilSlow(() => scene.get(kinds.DEPLOYMENT, 'web').status?.readyReplicas === 2);
    await untilSlow(() => guardPods().every(({ status }) => status?.phase === 'Succeeded'));
    expect(await readNote(scene.context)).toBeUndefined();
    expect(scene.get(kinds.CRON_JOB, 'nightly').spec.suspend).toBe(false);
    // The operation returns after all: it may not stop anything again.
    await expect(stopServices(scene.context, note, {})).rejects.toMatchObject({ code: 'not-quiet' });
    await disarmGuard(scene.context, OPERATION);
    expect(await readOrder(scene.context.cluster, SPACE, OPERATION)).toBeUndefined();
  });

  test('is told a newer time without a second pod, and goes when it is disarmed', async () => {
    await arm(1_500);
    await arm(LONG_MS);
    expect(guardPods()).toHaveLength(1);
    await stopServices(scene.context, note, {});
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(0);
    await disarmGuard(scene.context, OPERATION);
    await disarmGuard(scene.context, OPERATION);
    await untilSlow(() => guardPods().length === 0);
    expect(scene.store.list(kinds.SECRET, SPACE)).toEqual([]);
    expect(scene.store.get(kinds.JOB, 'cml-guard-op-01', SPACE)).toBeUndefined();
  });

  test('comes later by as long as people are waited for', async () => {
    const ms = 5_000; // its pod has to come up within that
    const actsAt = Date.now() + ms;
    await arm(ms);
    const session = { spec: { containers: [{ name: 'engine', image: 'ml/engine:1' }] } };
    scene.put(kinds.POD, 'nv8ou6d2xskx8boy', session, `${SPACE}-user-1`);
    const stopping = stopServices(scene.with({ workloads: 'wait', waitForWorkloads: 60_000 }), note, {});
    await untilSlow(() => Date.now() > actsAt + 500);
    expect(guardPods().map(({ status }) => status?.phase)).toEqual(['Running']);
    expect((await readOrder(scene.context.cluster, SPACE, OPERATION))?.spanMs).toBeGreaterThan(30_000);
    scene.store.remove(kinds.POD, 'nv8ou6d2xskx8boy', `${SPACE}-user-1`, { graceSeconds: 0 });
    await stopping;
    expect((await readOrder(scene.context.cluster, SPACE, OPERATION))?.spanMs).toBeLessThan(10_000);
    await untilSlow(() => scene.get(kinds.DEPLOYMENT, 'web').status?.readyReplicas === 2);
  });

  test('overtakes an operation that still stops: everything is up, and the operation may stop nothing more', async () => {
    scene.edit(kinds.STATEFUL_SET, 'livelog', ({ spec }) => {
      spec.template.spec.terminationGracePeriodSeconds = 1_000;
    });
    await scene.behave('livelog', { endMs: 3_000 });
    await arm(1_500);
    const context = scene.with({ order: ['web', 'livelog', '*'], stopWithin: 20_000 });
    const late = stopServices(context, note, {});
    await expect(late).rejects.toMatchObject({ code: expect.stringMatching(/not-quiet|service-will-not-stop/) });
    await untilSlow(() => guardPods().every(({ status }) => status?.phase === 'Succeeded'));
    await scene.untilUp();
    expect(scene.get(kinds.DEPLOYMENT, 'web').spec.replicas).toBe(2);
    expect(await readNote(scene.context)).toBeUndefined();
  });

  test('comes up again when its pod is lost', async () => {
    await arm(5_000);
    const [first] = guardPods();
    scene.store.remove(kinds.POD, first?.metadata.name ?? '', SPACE, { graceSeconds: 0 });
    await stopServices(scene.context, note, {});
    await untilSlow(() => scene.get(kinds.DEPLOYMENT, 'web').status?.readyReplicas === 2);
  });
});

describe('what the guard does once its time has come', { timeout: 30_000 }, () => {
  const NOTHING_MOVED = { operationId: OPERATION, parts: [] };
  const did: string[] = [];
  let definition: string;
  let isArmed = false;
  beforeEach(async () => {
    did.length = 0;
    isArmed = false;
    definition = join(scene.world.folder, 'definition.json');
    await writeFile(definition, '{"kind":"List"}');
  });

  /** In this process, so that it can be given other hands; its pod only waits. */
  async function act(putBack: Partial<PutBack>, options: { ms?: number; pageCommand?: string[] } = {}): Promise<void> {
    const { ms = 100, pageCommand } = options;
    const waits = ['sh', '-c', 'sleep 60'];
    const file = { path: definition, sha256: 'x', release: '2.0.51' };
    const arming = armGuard({ context: scene.context, guardProgram: waits, pageCommand }, note, inMs(ms), file);
    await scene.until('the order stands', () => scene.store.get(kinds.SECRET, 'cml-guard-op-01', SPACE));
    const clock = {
      ...systemClock,
      sleep: (wait: number, signal?: AbortSignal) => systemClock.sleep(Math.min(wait, 30), signal),
    };
    const { cluster, log } = scene.context;
    const world = { cluster, clock, log, putBack: { ...putBackOf(), ...putBack } };
    const armed = arming.then(() => {
      isArmed = true;
    });
    await Promise.all([armed, runGuard({ namespace: SPACE, operationId: OPERATION }, world)]);
  }
  const services = () => scene.get(kinds.DEPLOYMENT, 'web').spec.replicas;

  test('puts definition and data back before it starts anything, in the middle of a swap', async () => {
    await stopServices(scene.context, note, {});
    await createOperationRecords(scene.context.cluster, SPACE, SPACE).write(OPERATION, 'swap', NOTHING_MOVED);
    await act({
      isSwapReverted: async () => did.includes('data'),
      applyDefinition: async (_context, path) => void did.push(`definition ${await readFile(path, 'utf8')}`),
      revertSwap: async () => void did.push(services() === 0 ? 'data' : 'data under running services'),
    });
    expect(did).toEqual(['definition {"kind":"List"}', 'data']);
    expect(isUp(scene)).toBe(true);
    expect(services()).toBe(2);
  });

  test('leaves new data alone on which services were all up once', async () => {
    await stopServices(scene.context, note, {});
    await createOperationRecords(scene.context.cluster, SPACE, SPACE).write(OPERATION, 'swap', NOTHING_MOVED);
    await act({ isSwapServed: async () => true, revertSwap: async () => void did.push('data') });
    expect(did).toEqual([]);
    expect(services()).toBe(2);
  });

  test('starts nothing while data is written in place, and pages until that is over', async () => {
    const told = join(scene.world.folder, 'told');
    await stopServices(scene.context, note, {});
    const records = createOperationRecords(scene.context.cluster, SPACE, SPACE);
    await records.write(OPERATION, 'in-place', { parts: ['db'], volumes: [], state: 'writing' });
    const acting = act({}, { pageCommand: ['sh', '-c', `cat >> ${told}`] });
    await scene.until('it has paged', () => existsSync(told) && scene.store.list(kinds.EVENT, SPACE).length > 0);
    expect(services()).toBe(0);
    const [page] = await readPages(scene.context);
    expect(page).toMatchObject({ operationId: OPERATION, page: { urgent: true } });
    expect(page?.page.sentence).toContain('core services are down');
    const warning = scene.store.list(kinds.EVENT, SPACE).find(({ type }) => type === 'Warning');
    expect(warning?.message).toBe(page?.page.sentence);
    await records.forget(OPERATION, 'in-place');
    await acting;
    expect(services()).toBe(2);
    expect(await readFile(told, 'utf8')).toMatch(/core services are down.*\n.*has core services up again/);
  });

  test('takes its service account and nothing of root', async () => {
    await act({});
    const { template } = scene.get(kinds.JOB, 'cml-guard-op-01').spec;
    expect(template.spec.securityContext).toMatchObject({ runAsNonRoot: true });
    expect(template.spec.containers[0].securityContext).toMatchObject({ capabilities: { drop: ['ALL'] } });
    expect(template.spec.automountServiceAccountToken).toBe(true);
  });

  test('does nothing when services were started already', async () => {
    await stopServices(scene.context, note, {});
    await startServices(scene.context, note, {});
    scene.edit(kinds.DEPLOYMENT, 'web', ({ spec }) => {
      spec.replicas = 0;
    });
    await act({});
    expect(services()).toBe(0);
  });

  test('holds on to its order while it cannot be read any more', async () => {
    await stopServices(scene.context, note, {});
    const acting = act({}, { ms: 3_000 });
    await scene.until('it has answered, and was heard', () => isArmed);
    const refusal = { kind: 'answer', status: 403, reason: 'Forbidden' } as const;
    scene.faults.add({ kind: 'Secret', verb: ['list', 'watch'] }, refusal, 1_000);
    scene.faults.dropWatches();
    await acting;
    expect(services()).toBe(2);
  });
});

async function untilSlow(isSo: () => unknown): Promise<void> {
  const endsAt = Date.now() + 30_000;
  while (!isSo()) {
    if (Date.now() > endsAt) throw new Error(`never so; ${JSON.stringify(guardPods().map(({ status }) => status))}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
