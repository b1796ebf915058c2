import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Person } from '../../src/records/person.ts';
import { alice, bob, type Door, openDoor } from './door.ts';

const REASON = 'the lab starts at six and nobody answers';

let door: Door;
beforeEach(async () => {
  door = await openDoor({ breakGlass: ['alice'] });
});
afterEach(async () => {
  expect(door.bugs).toEqual([]);
  await door.dispose();
});

const refusal = (code: string) => expect.objectContaining({ name: 'UserError', code });
const ask = async () =>
  door.orchestrator.requestRestore(alice, { backup: await door.backUp(), confirm: 'team-ml', reason: 'broken' });
const breakGlass = (by: Person, request: string, reason: string | undefined = REASON) =>
  door.orchestrator.decide(by, { request, approves: true, reason, breakGlass: true });
const pages = () => door.chat.said.filter(({ how }) => how === 'paged').map(({ message }) => message.text);
const audit = async () => (await door.catalog.audit.list(50)).map(({ by, did }) => `${by.name} ${did}`).reverse();

test('lets a restore run alone, and everyone is told before it counts', async () => {
  const { id } = await ask();
  const statusWhenPaged: (string | undefined)[] = [];
  const { push } = door.chat.said;
  door.chat.said.push = function (...said) {
    if (said.some(({ how }) => how === 'paged')) {
      void door.catalog.requests.get(id).then((request) => statusWhenPaged.push(request?.status));
    }
    return push.apply(this, said);
  };
  const { request, running } = await breakGlass(alice, id);
  expect(statusWhenPaged).toEqual(['pending']);
  const ended = await door.drive(running?.ended ?? Promise.reject(new Error('not started')));
  expect(ended).toMatchObject({ status: 'succeeded', brokeGlass: { by: 'alice', reason: REASON } });
  expect(pages()).toEqual([expect.stringContaining(`GLASS BROKEN by alice, who approved it alone: "${REASON}"`)]);
  expect(pages()[0]).toContain('alice, bob, carol');
  expect((await audit()).slice(-1)).toEqual(['alice broke the glass']);
  expect(request.votes).toMatchObject([{ by: alice, breakGlass: true, reason: REASON }]);
  const drawn = door.chat.said.filter(({ how }) => how === 'asked').at(-1)?.message;
  expect(drawn).toMatchObject({ tone: 'bad', text: expect.stringContaining('GLASS BROKEN by alice') });
  const last = door.chat.said.findLast(({ message }) => message.key === `${ended.id}:end`)?.message.text;
  expect(last).toContain(`GLASS BROKEN: alice approved it alone: "${REASON}"`);
});

test('is refused when nobody can be told', async () => {
  const { id } = await ask();
  door.chat.isDown = true;
  await expect(breakGlass(alice, id)).rejects.toThrow(refusal('not-allowed'));
  door.chat.isDown = false;
  expect(await door.catalog.requests.get(id)).toMatchObject({ status: 'pending', votes: [] });
  expect(await audit()).not.toContain('alice broke the glass');
  expect(door.orchestrator.running()).toEqual([]);
});

test('wakes nobody when it is refused', async () => {
  const { id } = await ask();
  await expect(breakGlass(bob, id)).rejects.toThrow(refusal('not-allowed'));
  await expect(breakGlass(alice, id, 'please')).rejects.toThrow(refusal('bad-input'));
  await expect(door.orchestrator.decide(alice, { request: id, approves: true, reason: REASON })).rejects.toThrow(
    refusal('own-approval'),
  );
  await door.orchestrator.cancel(alice, id);
  const deletion = await door.orchestrator.requestDelete(alice, { backup: 'team-ml', confirm: 'team-ml' });
  await expect(breakGlass(alice, deletion.id)).rejects.toThrow(refusal('not-allowed'));
  expect(pages()).toEqual([]);
});

test('lets a restore be asked for where nobody else could approve it, but no deletion', async () => {
  const backup = await door.backUp();
  door.setPolicy({ approvers: [], breakGlass: ['alice'] });
  const asked = await door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml' });
  expect(asked.status).toBe('pending');
  await door.orchestrator.cancel(alice, asked.id);
  await expect(door.orchestrator.requestDelete(alice, { backup, confirm: 'team-ml' })).rejects.toThrow(
    refusal('not-allowed'),
  );
});

test('does not start any more when who did it is not named for it when the turn comes', async () => {
  const { id } = await ask();
  const busy = await door.orchestrator.requestBackup(alice, { workspace: 'team-ml', noticeMs: 0 });
  await breakGlass(alice, id);
  expect((await door.catalog.requests.get(id))?.status).toBe('approved');
  door.setPolicy({ breakGlass: [] });
  await door.drive(busy.ended);
  await door.settle(async () => (await door.catalog.requests.get(id))?.status === 'expired');
  expect(door.chat.said.at(-1)?.message.text).toContain('GLASS BROKEN by alice');
});
