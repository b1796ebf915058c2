import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ApproversOptions, createApprovers } from '../../../src/chat/slack/approvers.ts';
import { createLog } from '../../../src/log.ts';
import { alice } from '../../orchestrator/door.ts';
import { createSlackWorld, type SlackWorld } from './slack-world.ts';

let world: SlackWorld;
beforeEach(async () => {
  world = await createSlackWorld({ policy: { approvers: ['slack:SAPPROVE'], votes: 2 } });
  world.slack.groups.set('SAPPROVE', ['UBOB', 'UCAROL', 'USTRANGER']);
});
afterEach(async () => {
  expect(world.bugs).toEqual([]);
  await world.dispose();
});

async function asked(): Promise<string> {
  const backup = await world.door.backUp();
  return (await world.door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml', reason: 'lost' })).id;
}
const approve = (user: string, id: string) => world.slack.type(user, 'CML', `/cml approve ${id}`);
const standing = async (id: string) => (await world.door.catalog.requests.get(id))?.status;

async function endAll(): Promise<void> {
  for (const running of world.door.orchestrator.running()) {
    await running.cancel(alice).catch(() => undefined);
    await world.door.drive(running.ended);
  }
}

describe('a user group of Slack as approvers', () => {
  test('lets those decide who are in it and known here, and nobody else', async () => {
    const id = await asked();
    await approve('USTRANGER', id);
    expect(await world.told('USTRANGER')).toContain('is not known here');
    await approve('UBOB', id);
    expect(await world.told('UBOB')).toContain('it needs 1 more approval');
    await approve('UCAROL', id);
    expect(await world.told('UCAROL')).toContain('Approved by bob and carol');
    await endAll();
  });

  test('counts as nobody while it cannot be looked up', async () => {
    const id = await asked();
    world.pass(60_000);
    world.slack.faults.next('usergroups.users.list', { kind: 'error', word: 'no_such_subteam' }, 5);
    await approve('UBOB', id);
    expect(await world.told('UBOB')).toContain('bob may not decide for team-ml');
    expect(await standing(id)).toBe('pending');
  });

  test('is asked again: who left it, or was deactivated, does not count any more', async () => {
    const id = await asked();
    await approve('UBOB', id);
    await world.told('UBOB');
    world.pass(60_000);
    world.slack.people.deactivate('UBOB');
    await approve('UCAROL', id);
    // Two votes stand there, and only one of them counts.
    expect(await world.told('UCAROL')).toContain('approval');
    expect(await standing(id)).toBe('pending');
    expect(world.door.orchestrator.running()).toEqual([]);
  });

  test('counts anew at once when Slack tells that somebody left it', async () => {
    const id = await asked();
    await approve('UBOB', id);
    expect(await world.told('UBOB')).toContain('it needs 1 more approval');
    world.slack.groups.set('SAPPROVE', ['UBOB']);
    await world.slack.happen({ type: 'subteam_members_changed', subteam_id: 'SAPPROVE', removed_users: ['UCAROL'] });
    await approve('UCAROL', id);
    expect(await world.told('UCAROL')).toContain('carol may not decide for team-ml');
    world.slack.groups.set('SAPPROVE', ['UBOB', 'UCAROL']);
    await world.slack.happen({ type: 'subteam_updated', subteam: { id: 'SAPPROVE' } });
    await approve('UCAROL', id);
    expect(await world.told('UCAROL', 2)).toContain('Approved by bob and carol');
    await endAll();
  });

  test('counts without an account from the moment that Slack tells of its end', async () => {
    const id = await asked();
    await approve('UBOB', id);
    await world.told('UBOB');
    world.slack.people.deactivate('UBOB');
    await world.slack.happen({ type: 'user_change', user: { id: 'UBOB', deleted: true } });
    await world.slack.happen({ type: 'subteam_members_changed', subteam_id: 'SAPPROVE' });
    await approve('UCAROL', id);
    await world.told('UCAROL');
    expect(await standing(id)).toBe('pending');
    expect(world.door.orchestrator.running()).toEqual([]);
  });

  test.each([
    ['a guest', { restricted: true }],
    ['an app', { isBot: true }],
    ['somebody of another Slack workspace', { team: 'TOTHER' }],
  ] as const)('does not let %s decide, although cml.yaml knows them', async (_, what) => {
    const id = await asked();
    world.slack.people.add({ id: 'UBOB', name: 'bob', ...what });
    world.pass(60_000);
    const before = await standing(id);
    await approve('UBOB', id);
    expect(await world.told('UBOB')).toContain('bob may not decide for team-ml');
    expect(await standing(id)).toBe(before);
  });

  test('is refused at the start where nobody else could approve', async () => {
    world.slack.groups.set('SAPPROVE', ['UALICE', 'UBOB']);
    await expect(asked()).rejects.toMatchObject({ code: 'not-allowed' });
  });
});

describe('people named as approvers', () => {
  const calls: string[] = [];
  const answers: Record<string, Promise<{ user: { deleted: boolean } }>> = {};
  const client = {
    users: {
      info: ({ user }: { user: string }) => {
        calls.push(user);
        return answers[user];
      },
    },
  } as unknown as ApproversOptions['client'];
  const log = createLog({ write: () => undefined }, 'silent');
  const account = (deleted: boolean) => Promise.resolve({ user: { deleted } });

  test('are looked up once for many questions, and anew when they changed meanwhile', async () => {
    const { deciding, forget } = createApprovers({ client, accounts: () => ({ bob: 'UBOB' }), now: () => 0, log });
    let answer: (value: { user: { deleted: boolean } }) => void = () => undefined;
    answers.UBOB = new Promise((resolve) => {
      answer = resolve;
    });
    const asked = [deciding(['bob']), deciding(['bob'])];
    await vi.waitFor(() => expect(calls).toEqual(['UBOB']));
    forget('UBOB'); // while Slack has yet to answer
    answer({ user: { deleted: false } });
    expect(await Promise.all(asked)).toEqual([['bob'], ['bob']]);
    expect(calls).toEqual(['UBOB']);
    answers.UBOB = account(true);
    expect([await deciding(['bob']), await deciding(['bob'])]).toEqual([[], []]);
    expect(calls).toEqual(['UBOB', 'UBOB']);
  });
});
