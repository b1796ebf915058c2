import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PortError } from '../../src/errors.ts';
import type { RunningOperation } from '../../src/operation/run-operation.ts';
import type { Operation } from '../../src/records/operation.ts';
import { alice, bob, type Door, openDoor } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const WORKSPACE = 'team-ml';
const begin = (noticeMs = 0) => door.orchestrator.requestBackup(alice, { workspace: WORKSPACE, noticeMs });
const openIds = async () => (await door.catalog.operations.listOpen()).map(({ id }) => id);

/** Writes of records like these find no room until the answer is called. */
function fillDisk(isRefused: (record: Operation) => boolean): () => void {
  const { save } = door.catalog.operations;
  let isFull = true;
  door.catalog.operations.save = async (record, options) => {
    if (isFull && isRefused(record)) throw new PortError('disk-full', 'no room');
    return save(record, options);
  };
  return () => {
    isFull = false;
  };
}

describe('a workspace', () => {
  test('is free as soon as the end of what ran in it is shown', async () => {
    const first = await begin();
    const next = new Promise<RunningOperation>((resolve) => {
      const show = door.chat.views.set.bind(door.chat.views);
      door.chat.views.set = (id, view) => {
        if (id === first.operation().id && view.status !== 'running') resolve(begin());
        return show(id, view);
      };
    });
    const second = await door.drive(next);
    expect((await door.drive(second.ended)).status).toBe('succeeded');
    expect((await first.ended).status).toBe('succeeded');
  });

  test('stays kept by an operation whose end could not be written, until there is room', async () => {
    const request = await door.orchestrator.requestRestore(alice, { backup: await door.backUp(), confirm: WORKSPACE });
    const running = await begin();
    await door.orchestrator.decide(bob, { request: request.id, approves: true });
    const makeRoom = fillDisk(({ status }) => status !== 'running');
    expect((await door.drive(running.ended)).status).toBe('succeeded');
    expect(await openIds()).toEqual([running.operation().id]);
    await expect(begin()).rejects.toMatchObject({
      code: 'workspace-busy',
      message: expect.stringContaining('could not be written'),
      hint: expect.stringContaining('Make room'),
    });
    await door.orchestrator.startServices(bob, WORKSPACE);
    await expect(begin()).rejects.toMatchObject({ code: 'workspace-busy' });
    expect(door.orchestrator.isIdle()).toBe(false);
    makeRoom();
    await door.drive(running.closed);
    await door.settle(async () => (await door.catalog.requests.get(request.id))?.status === 'used');
    await door.drive(door.orchestrator.running()[0]?.ended ?? Promise.reject(new Error('its turn did not come')));
    expect(await openIds()).toEqual([]);
  });

  test('stays kept by an operation that could not clean up, which is taken up again when there is room', async () => {
    const running = await begin(600_000);
    await door.settle(() => running.view().stopsAt !== undefined);
    const makeRoom = fillDisk(() => true);
    expect((await door.drive(running.ended)).error).toMatchObject({ code: 'disk-full' });
    await expect(begin()).rejects.toMatchObject({ code: 'workspace-busy' });
    makeRoom();
    await door.drive(running.closed);
    await expect(begin()).rejects.toMatchObject({ code: 'workspace-busy' });
    await door.settle(async () => (await openIds()).length === 0);
    const ended = await door.catalog.operations.get(running.operation().id);
    expect(ended?.journal.filter(({ type }) => type === 'began')).toHaveLength(2);
    expect(ended?.journal).toContainEqual(expect.objectContaining({ type: 'ensured', step: 'release' }));
    await door.settle(() => door.orchestrator.isIdle());
    await door.backUp();
  });
});
