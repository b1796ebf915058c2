import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answerSubject } from '../../commands/answer-status.ts';
import { describeRequest } from '../../src/chat/messages/request.ts';
import { PortError } from '../../src/errors.ts';
import type { Operation } from '../../src/records/operation.ts';
import { makeOperation, momentAfter } from '../fakes/records.ts';
import { alice, type Door, openDoor } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

let minutes = 0;
async function hadEnded(status: Operation['status'], changes: Partial<Operation> = {}): Promise<Operation> {
  minutes += 10;
  const error = status === 'failed' ? { error: { code: 'timed-out', message: 'It took too long.' } } : {};
  const at = { startedAt: momentAfter(minutes), endedAt: momentAfter(minutes + 5) };
  const operation = makeOperation({ status, ...at, ...error, ...changes });
  await door.catalog.operations.save(operation);
  await door.catalog.operations.close(operation.id);
  return operation;
}

async function failedNow(): Promise<string[]> {
  const subject = await door.orchestrator.lookAt('team-ml');
  return subject.kind === 'workspaces' ? subject.states.flatMap(({ failed }) => failed.map(({ id }) => id)) : [];
}

describe('how things stand', () => {
  test('tells of a failure until an operation of the same kind succeeds', async () => {
    await hadEnded('succeeded');
    expect(await failedNow()).toEqual([]);
    const backup = await hadEnded('failed');
    await hadEnded('succeeded', { kind: 'verify' });
    await hadEnded('cancelled');
    expect(await failedNow()).toEqual([backup.id]);
    const restore = await hadEnded('failed', { kind: 'restore' });
    expect((await failedNow()).sort()).toEqual([backup.id, restore.id].sort());
    await hadEnded('succeeded');
    expect(await failedNow()).toEqual([restore.id]);
  });
});

test('a workspace that cannot be looked at hides no other, and not what is on record of it', async () => {
  const backup = await door.backUp();
  door.addWorkspace('near');
  Object.defineProperty(door.world, 'services', {
    get() {
      throw new PortError('platform-unavailable', 'The cluster is away.', { hint: 'wait' });
    },
  });
  const subject = await door.orchestrator.lookAt();
  expect(subject).toMatchObject({
    states: [
      { workspace: 'team-ml', services: [], unseen: { message: 'The cluster is away.', hint: 'wait' } },
      { workspace: 'near', services: [{ name: 'web', running: true }] },
    ],
  });
  expect(subject.kind === 'workspaces' && subject.states[0]?.lastBackup?.id).toBe(backup);
  expect(answerSubject(subject, false)).toMatchObject({
    failed: true,
    text: 'team-ml cannot be looked at: The cluster is away. (wait) near: services are up.',
  });
});

describe('a request', () => {
  test('says how many approvals it needs by the rules of now, when they are stricter', async () => {
    const backup = await door.backUp();
    const { id } = await door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml' });
    const needed = async () => {
      const subject = await door.orchestrator.lookAt(id);
      return subject.kind === 'request' ? describeRequest(subject.request).text : '';
    };
    expect(await needed()).toContain('It needs 1 approval until');
    door.setPolicy({ votes: 2 });
    expect(await needed()).toContain('It needs 2 approvals until');
  });
});

describe('the list of operations', () => {
  test('has ended and running ones, newest first, and no more than wanted', async () => {
    const old = await hadEnded('failed');
    const other = await hadEnded('succeeded');
    const running = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml' });
    const all = await door.orchestrator.listOperations({ workspace: 'team-ml' });
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set([running.operation().id, other.id, old.id]));
    expect(all.find(({ id }) => id === old.id)).toMatchObject({ status: 'failed', error: { code: 'timed-out' } });
    expect(await door.orchestrator.listOperations({ limit: 1 })).toHaveLength(1);
    await expect(door.orchestrator.listOperations({ workspace: 'team-mk' })).rejects.toMatchObject({
      code: 'unknown-workspace',
    });
    await door.orchestrator.cancel(alice, running.operation().id);
    await door.drive(running.ended);
  });
});

describe('cancel', () => {
  test('of something unknown suggests the nearest workspace or operation', async () => {
    await expect(door.orchestrator.cancel(alice, 'team-mk')).rejects.toMatchObject({
      code: 'unknown-operation',
      hint: 'Did you mean "team-ml"?',
    });
    await expect(door.orchestrator.cancel(alice, 'team-ml')).rejects.toMatchObject({ code: 'nothing-to-do' });
    const { id } = await hadEnded('succeeded');
    const near = `${id.slice(0, -1)}_`;
    await expect(door.orchestrator.cancel(alice, near)).rejects.toMatchObject({ hint: `Did you mean "${id}"?` });
  });
});

test('many who ask at once make one look at a workspace, and a glance makes none', async () => {
  let looks = 0;
  const { services } = door.world;
  Object.defineProperty(door.world, 'services', {
    get() {
      looks += 1;
      return services;
    },
  });
  await door.orchestrator.lookAt();
  const once = looks;
  expect(once).toBeGreaterThan(0);
  await Promise.all(Array.from({ length: 50 }, () => door.orchestrator.lookAt()));
  expect(looks).toBe(2 * once);
  expect(await door.orchestrator.glance()).toEqual([
    { workspace: 'team-ml', freshness: { is: 'unwatched' }, requests: [] },
  ]);
  expect(looks).toBe(2 * once);
});
