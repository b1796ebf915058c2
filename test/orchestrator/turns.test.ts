import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunningOperation } from '../../src/operation/run-operation.ts';
import type { Request } from '../../src/records/request.ts';
import { makeOperation } from '../fakes/records.ts';
import { ageOf } from '../fakes/world.ts';
import { alice, bob, carol, type Door, openDoor } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const WORKSPACE = 'team-ml';
const code = (code: string) => expect.objectContaining({ code });
const ask = (backup: string, by = alice) => door.orchestrator.requestRestore(by, { backup, confirm: WORKSPACE });
const approve = (request: Request, by = bob) => door.orchestrator.decide(by, { request: request.id, approves: true });
const statusOf = async ({ id }: Request) => (await door.catalog.requests.get(id))?.status;
const restores = async () => (await door.catalog.operations.list()).filter(({ kind }) => kind === 'restore');

/** A backup that counts down, and so keeps the workspace busy until time passes. */
async function keepBusy(): Promise<RunningOperation> {
  const running = await door.orchestrator.requestBackup(alice, { workspace: WORKSPACE });
  await door.settle(() => running.view().stopsAt !== undefined);
  return running;
}

/** An approved restore that waits behind a backup. */
async function waitInLine(): Promise<{ request: Request; busy: RunningOperation }> {
  const request = await ask(await door.backUp());
  const busy = await keepBusy();
  const decided = await approve(request);
  expect(decided).toMatchObject({ request: { status: 'approved' }, running: undefined });
  return { request, busy };
}

describe('one operation in a workspace', () => {
  test('a second backup is refused by a sentence that names the first', async () => {
    const first = await keepBusy();
    const again = door.orchestrator.requestBackup(bob, { workspace: WORKSPACE });
    await expect(again).rejects.toMatchObject({
      code: 'workspace-busy',
      message: expect.stringContaining(first.operation().id),
    });
    await expect(door.orchestrator.startServices(bob, WORKSPACE)).rejects.toThrow(code('workspace-busy'));
    await door.drive(first.ended);
    await door.backUp();
  });

  test('of two that come at the same moment one is taken', async () => {
    const both = await Promise.allSettled(
      [alice, bob].map((by) => door.orchestrator.requestBackup(by, { workspace: WORKSPACE })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const [running] = door.orchestrator.running();
    expect(door.orchestrator.running()).toHaveLength(1);
    await door.drive(running?.ended ?? Promise.reject(new Error('none runs')));
    expect(await door.catalog.operations.list()).toHaveLength(1);
  });
});

describe('an approved restore', () => {
  test('starts at once where nothing runs', async () => {
    const request = await ask(await door.backUp());
    const { running } = await approve(request);
    const ended = await door.drive(running?.ended ?? Promise.reject(new Error('it did not start')));
    expect(ended).toMatchObject({ kind: 'restore', status: 'succeeded', by: alice });
    expect(await door.catalog.requests.get(request.id)).toMatchObject({ status: 'used', operationId: ended.id });
    expect(door.chat.requests.get(request.id)).toMatchObject({ status: 'used', operationId: ended.id });
  });

  test('waits its turn behind what runs, and starts when that has ended', async () => {
    const { request, busy } = await waitInLine();
    await door.drive(busy.ended);
    await door.settle(() => door.orchestrator.running().length === 1);
    const [running] = door.orchestrator.running();
    expect(running?.operation().kind).toBe('restore');
    expect((await door.drive(running?.ended ?? Promise.reject(new Error('gone')))).status).toBe('succeeded');
    expect(await statusOf(request)).toBe('used');
  });

  test('waits behind an older one, and both get their turn once', async () => {
    const { request: first, busy } = await waitInLine();
    door.world.time.pass(1_000);
    const second = await ask(first.backupId, carol);
    await approve(second);
    await door.drive(busy.ended);
    for (const request of [first, second]) {
      await door.settle(() => door.orchestrator.running().length === 1);
      const [running] = door.orchestrator.running();
      expect(running?.operation().input).toMatchObject({ requestId: request.id });
      await door.drive(running?.ended ?? Promise.reject(new Error('gone')));
      expect(await statusOf(request)).toBe('used');
    }
    expect(await restores()).toHaveLength(2);
  });

  test('never starts after it was taken back while it waited', async () => {
    const { request, busy } = await waitInLine();
    await door.orchestrator.cancel(alice, request.id);
    await door.drive(busy.ended);
    await door.orchestrator.takeTurns();
    expect(await statusOf(request)).toBe('withdrawn');
    expect(await restores()).toEqual([]);
  });

  test.each<[string, (door: Door) => void, RegExp]>([
    [
      'who approved it may not any more',
      (here) => here.setPolicy({ approvers: ['carol'] }),
      /not have all the approvals/,
    ],
    ['more votes are needed now', (here) => here.setPolicy({ votes: 2 }), /not have all the approvals/],
    ['the release is another', (here) => void Object.assign(here.world, { release: '2.0' }), /has changed/],
    ['it waited longer than an approval holds', (here) => here.world.time.pass(9 * 3_600_000), /too old/],
    ['its workspace is not configured any more', (here) => delete here.workspaces[WORKSPACE], /no workspace/],
  ])('does not start when %s, and says so', async (_, change, says) => {
    const { request, busy } = await waitInLine();
    change(door);
    await door.drive(busy.ended);
    await door.settle(async () => (await statusOf(request)) !== 'approved');
    expect(await statusOf(request)).toBe('expired');
    expect(door.chat.said.at(-1)?.message.text).toMatch(says);
    expect(await restores()).toEqual([]);
    expect(ageOf(door.world.trees.get('/live/db') ?? new Map())).toBe('now');
  });

  test('is never used by a second operation', async () => {
    const request = await ask(await door.backUp());
    const { running } = await approve(request);
    await door.drive(running?.ended ?? Promise.reject(new Error('it did not start')));
    await expect(approve(request, carol)).rejects.toThrow(code('not-pending'));
    await expect(door.orchestrator.cancel(alice, request.id)).rejects.toThrow(code('not-pending'));
    await door.orchestrator.takeTurns();
    expect(await restores()).toHaveLength(1);

    const { settings } = running?.operation() ?? makeOperation();
    const input = JSON.parse(JSON.stringify({ requestId: request.id, plan: request.plan, noticeMs: 0 }));
    const forged = makeOperation({ kind: 'restore', input, settings, journal: [] });
    await door.catalog.operations.save(forged);
    const [second] = await door.orchestrator.recover();
    const ended = await door.drive(second?.ended ?? Promise.reject(new Error('it was not taken up')));
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'plan-changed' } });
    expect((await door.catalog.requests.get(request.id))?.operationId).toBe(running?.operation().id);
  });

  test('gets its turn also when what ran before was cancelled', async () => {
    const { request, busy } = await waitInLine();
    await busy.cancel(alice);
    await door.drive(busy.ended);
    await door.settle(() => door.orchestrator.running().length === 1);
    expect(door.orchestrator.running()[0]?.operation().input).toMatchObject({ requestId: request.id });
    await door.drive(door.orchestrator.running()[0]?.ended ?? Promise.reject(new Error('gone')));
  });
});
