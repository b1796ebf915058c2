import { expect } from 'vitest';
import { describeRequest } from '../../../src/chat/messages/request.ts';
import { createSlackClients } from '../../../src/chat/slack/clients.ts';
import { renderActions } from '../../../src/chat/slack/render-actions.ts';
import { createLog } from '../../../src/log.ts';
import { alice } from '../../orchestrator/door.ts';
import type { Row } from './fault-rows.ts';
import { createSlackWorld, type SlackWorld } from './slack-world.ts';

interface Asked {
  readonly world: SlackWorld;
  readonly message: { readonly channel: string; readonly ts: string };
  /** Its status and who approved, as recorded. */
  standing(): Promise<{ status: string | undefined; approvers: string[] }>;
}

/** A restore that was asked for, with its buttons in the channel. */
async function withRequest(policy: object, play: (asked: Asked) => Promise<string>): Promise<string> {
  const world = await createSlackWorld({ policy });
  world.slack.groups.set('SAPPROVE', ['UBOB', 'UCAROL']);
  try {
    const { door, slack, health } = world;
    const backup = await door.backUp();
    const request = await door.orchestrator.requestRestore(alice, { backup, confirm: 'team-ml', reason: 'lost' });
    const { text, actions } = describeRequest(request);
    const log = createLog({ write: () => undefined }, 'silent');
    const { notify } = createSlackClients({ botToken: slack.botToken, apiUrl: slack.apiUrl, log, health });
    const { ts = '' } = await notify.chat.postMessage({ channel: 'CML', text, blocks: renderActions(actions) });
    const standing = async () => {
      const found = await door.catalog.requests.get(request.id);
      return { status: found?.status, approvers: found?.votes.map(({ by }) => by.name) ?? [] };
    };
    world.pass(60_000); // what was looked up when it was asked for is old by now
    const seen = await play({ world, message: { channel: 'CML', ts }, standing });
    expect(world.bugs).toEqual([]);
    return seen;
  } finally {
    for (const running of world.door.orchestrator.running()) {
      await running.cancel(alice);
      await world.door.drive(running.ended);
    }
    await world.dispose();
  }
}

/** Somebody else may still decide, and it runs once. */
async function expectCarolDecides({ world, message, standing }: Asked): Promise<string> {
  expect(await standing()).toEqual({ status: 'pending', approvers: [] });
  world.pass(60_000);
  await world.slack.click('UCAROL', message, 'Approve');
  expect(await world.told('UCAROL')).toContain('Approved by carol');
  expect(await standing()).toEqual({ status: 'used', approvers: ['carol'] });
  expect(world.door.orchestrator.running()).toHaveLength(1);
  return 'refused, said why; carol approves, 1 operation';
}

/** What goes wrong around a decision. */
export const approvalRows: readonly Row[] = [
  {
    fault: 'approver deactivated',
    injected: 'the account ends while its press is on the way',
    expected: 'does not count; another approver decides',
    play: () =>
      withRequest({}, async (asked) => {
        const { slack, told } = asked.world;
        const pressing = slack.click('UBOB', asked.message, 'Approve');
        slack.people.deactivate('UBOB');
        await pressing;
        expect(await told('UBOB')).toContain('bob may not decide');
        return expectCarolDecides(asked);
      }),
  },
  {
    fault: 'approver deactivated after voting',
    injected: 'the first of two approvers, before the second votes',
    expected: 'their vote counts no more: it waits for another',
    play: () =>
      withRequest({ votes: 2 }, async ({ world, message, standing }) => {
        await world.slack.click('UBOB', message, 'Approve');
        expect(await world.told('UBOB')).toContain('it needs 1 more approval');
        world.slack.people.deactivate('UBOB');
        world.pass(60_000);
        await world.slack.click('UCAROL', message, 'Approve');
        await world.told('UCAROL');
        expect((await standing()).status).toBe('pending');
        expect(world.door.orchestrator.running()).toEqual([]);
        return '2 votes, 1 of them counts: pending, 0 operations';
      }),
  },
  {
    fault: 'approvers cannot be looked up',
    injected: '500 to usergroups.users.list while one of the group decides',
    expected: 'counts as nobody; once Slack answers, another approver decides',
    play: () =>
      withRequest({ approvers: ['slack:SAPPROVE'] }, async (asked) => {
        const { slack, told } = asked.world;
        const end = slack.faults.whenever(({ method }) => method === 'usergroups.users.list', {
          kind: 'http',
          status: 500,
        });
        await slack.click('UBOB', asked.message, 'Approve');
        expect(await told('UBOB')).toContain('bob may not decide');
        end();
        return expectCarolDecides(asked);
      }),
  },
  {
    fault: 'duplicate press',
    injected: 'the same envelope of an approval twice more, beside a second press',
    expected: 'one vote, one operation',
    play: () =>
      withRequest({}, async ({ world, message, standing }) => {
        const press = await world.slack.click('UBOB', message, 'Approve');
        const again = [world.slack.deliveries.again(press), world.slack.deliveries.again(press)];
        await Promise.all([...again, world.slack.click('UBOB', message, 'Approve')]);
        await world.told('UBOB', 2);
        expect(await standing()).toEqual({ status: 'used', approvers: ['bob'] });
        expect(world.door.orchestrator.running()).toHaveLength(1);
        return '1 vote, 1 operation; the second press is told that it is decided';
      }),
  },
];
