import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMetrics, type Metrics } from '../../src/metrics/metrics.ts';
import { createMetricsRoutes, createMetricsServer } from '../../src/metrics/server.ts';
import { makeBackup, makeId, makeOperation, makeRequest } from '../fakes/records.ts';
import { alice, type Door, openDoor } from '../orchestrator/door.ts';
import { makeScheduled } from '../orchestrator/upkeep.ts';

let door: Door;
let metrics: Metrics;
let isReady: boolean;
let trouble: string | undefined;

beforeEach(async () => {
  door = await openDoor();
  isReady = true;
  trouble = undefined;
  metrics = createMetrics({
    orchestrator: door.orchestrator,
    clock: door.world.time.clock(),
    isReady: () => isReady,
    trouble: () => trouble,
    onBug: (error) => door.bugs.push(error),
  });
});

afterEach(async () => {
  await metrics.end();
  await door.dispose();
  expect(door.bugs).toEqual([]);
});

/** The value of `name` or `name{...}` now; undefined where it is not told. */
async function read(name: string): Promise<number | undefined> {
  const line = (await metrics.read()).split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

const of = (name: string) => read(`${name}{workspace="team-ml"}`);

/** What is looked at beside the reading is told the next time. */
async function soon(name: string, value: number): Promise<void> {
  await door.settle(async () => (await of(name)) === value);
}

describe('metrics', () => {
  test('begin with nothing, so that the first failure is growth', async () => {
    expect(await of('cml_backup_failure_total')).toBe(0);
    expect(await of('cml_backup_total')).toBe(0);
    await soon('cml_services_down', 0);
    expect(await of('cml_backup_last_successful_timestamp')).toBe(0);
    expect(await of('cml_last_verified_timestamp')).toBe(0);
    expect(await of('cml_backup_last_status')).toBeUndefined();
  });

  test('tell of a backup: begun once however often one looks, how long services were down, what it holds', async () => {
    const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml', noticeMs: 0 });
    expect(await of('cml_operations_running')).toBe(1);
    expect(await of('cml_backup_attempt_total')).toBe(1);
    const ended = await door.drive(running.ended);
    await soon('cml_backup_success_total', 1);
    expect(await of('cml_backup_attempt_total')).toBe(1);
    expect(await of('cml_operations_running')).toBe(0);
    expect(await of('cml_downtime_seconds_count')).toBe(1);
    expect(await of('cml_last_downtime_seconds')).toBe((running.view().downtimeMs ?? 0) / 1000);
    expect(await of('cml_data_upload_success_total')).toBe(1);
    await soon('cml_backup_last_status', 1);
    const [backup] = await door.catalog.backups.list({});
    expect(await of('cml_backup_total')).toBe(1);
    expect(await of('cml_backup_size_bytes')).toBe(backup?.bytes);
    expect(await of('cml_backup_last_successful_timestamp')).toBe(Date.parse(backup?.takenAt ?? '') / 1000);
    expect(ended.status).toBe('succeeded');
  });

  test('tell of a failure at once, in the counter and in the last status', async () => {
    await door.backUp();
    await soon('cml_backup_last_status', 1);
    const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    await door.settle(() => running.view().stopsAt !== undefined);
    await door.orchestrator.cancel(alice, 'team-ml');
    await door.drive(running.ended);
    await soon('cml_backup_cancel_total', 1);
    // Nobody is to blame for a cancelled one.
    await soon('cml_backup_last_status', 1);
    await door.catalog.operations.save(
      makeOperation({ status: 'failed', startedAt: '2099-01-01T00:00:00.000Z', endedAt: '2099-01-01T00:01:00.000Z' }),
    );
    const again = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    await door.orchestrator.cancel(alice, 'team-ml');
    await door.drive(again.ended);
    await soon('cml_backup_last_status', 0);
  });

  test('tell how long the oldest request waits', async () => {
    const askedAt = (minutes: number) => new Date(door.world.time.now() - minutes * 60_000).toISOString();
    await door.catalog.requests.save(makeRequest({ askedAt: askedAt(90) }));
    await door.catalog.requests.save(makeRequest({ askedAt: askedAt(5) }));
    await door.catalog.requests.save(makeRequest({ askedAt: askedAt(900), status: 'denied' }));
    expect(await of('cml_approval_wait_seconds')).toBe(5400);
    expect(await of('cml_requests_pending')).toBe(2);
  });

  test('tell when a backup was last proven', async () => {
    const verified = { at: '2026-03-01T12:00:00.000Z', operationId: makeId('op'), files: 1, bytes: 1 };
    await door.catalog.backups.save(makeBackup({ verified }));
    await soon('cml_last_verified_timestamp', Date.parse(verified.at) / 1000);
  });

  test('tell what is overdue by the rule that people are told by', async () => {
    const takenAt = (hours: number) => new Date(door.world.time.now() - hours * 3_600_000).toISOString();
    door.setUpkeep({ workspaces: { 'team-ml': { rpoMs: 36 * 3_600_000 } } });
    await door.catalog.backups.save(makeBackup({ takenAt: takenAt(37) }));
    await soon('cml_overdue', 1);
    expect(await of('cml_rpo_seconds')).toBe(36 * 3600);
  });

  test('tell what became of schedules, and count what is missed from now on', async () => {
    const { id, ...rest } = makeScheduled('nightly', { when: 'nightly at 02:00' });
    door.setUpkeep({ schedules: [{ id, ...rest }] });
    const missedAt = (day: number) => ({ slotAt: `2026-03-0${day}T02:00:00.000Z`, because: 'nobody was there' });
    const outcome = { at: '2026-03-01T02:00:00.000Z', slotAt: '2026-03-01T02:00:00.000Z', status: 'missed' as const };
    await door.catalog.schedules.change(id, (now) => ({ ...now, missed: [missedAt(1)], lastOutcome: outcome }));
    await door.catalog.schedules.change('team-ml/gone', (now) => ({ ...now, missed: [missedAt(1)] }));
    const told = (name: string) => read(`${name}{schedule="${id}"}`);
    await door.settle(async () => (await told('cml_schedule_last_status')) === 0);
    expect(await told('cml_missed_intervals_total')).toBe(0);
    expect(await told('cml_schedule_paused')).toBe(0);
    expect(await read('cml_schedule_paused{schedule="team-ml/gone"}')).toBeUndefined();
    await door.catalog.schedules.change(id, (now) => ({ ...now, missed: [missedAt(1), missedAt(2), missedAt(3)] }));
    door.world.time.pass(60_000);
    await door.settle(async () => (await told('cml_missed_intervals_total')) === 2);
  });

  test('tell of no workspace that is configured no more', async () => {
    door.addWorkspace('other');
    await door.settle(async () => (await read('cml_services_down{workspace="other"}')) === 0);
    delete door.workspaces.other;
    expect(await read('cml_services_down{workspace="other"}')).toBeUndefined();
    expect(await read('cml_backup_total{workspace="other"}')).toBeUndefined();
  });

  test('ask nothing of the catalog before recovery is over', async () => {
    isReady = false;
    expect(await read('cml_ready')).toBe(0);
    expect(await of('cml_backup_total')).toBeUndefined();
    expect(await of('cml_backup_failure_total')).toBe(0);
  });
});

describe('probes', () => {
  const readiness = () => ({ isReady, stage: isReady ? 'serves' : 'recovers', chat: 'away' });
  const ask = (path: string) =>
    createMetricsRoutes({ metrics: () => metrics, readiness }, door.bugs.push).request(path);

  test('say that it lives while it recovers, and that it is ready only after that', async () => {
    isReady = false;
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/readyz')).status).toBe(503);
    isReady = true;
    const answer = await ask('/readyz');
    expect(answer.status).toBe(200);
    // A chat that is away is told and is not fatal.
    expect(await answer.json()).toEqual({ isReady: true, stage: 'serves', chat: 'away' });
  });

  test('are opened as soon as another process leaves the port', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const warned: unknown[] = [];
    const log = { warn: (one: unknown) => warned.push(one), info: () => undefined } as never;
    const settings = { host: '127.0.0.1', port };
    const server = createMetricsServer({
      settings,
      metrics: () => metrics,
      readiness,
      log,
      onBug: door.bugs.push,
      againMs: 20,
    });
    server.begin();
    await door.settle(() => warned.length > 0);
    await new Promise((resolve) => other.close(resolve));
    let answer: Response | undefined;
    while (!answer?.ok) answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => void pause(5));
    expect(await answer.text()).toBe('alive\n');
    await server.close();
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    expect(warned).toHaveLength(1);
  });
});
