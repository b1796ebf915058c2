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
async function withRequest(play: (asked: Asked) => Promise<string>): Promise<string> {
  const world = await createSlackWorld();
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
      withRequest(async (asked) => {
        const { slack, told } = asked.world;
        const pressing = slack.click('UBOB', asked.message, 'Approve');
        slack.people.deactivate('UBOB');
        await pressing;
        expect(await told('UBOB')).toContain('is deactivated and may not approve');
        return expectCarolDecides(asked);
      }),
  },
  {
    fault: 'approver cannot be looked up',
    injected: '500 to users.info, twice',
    expected: 'does not count; another approver decides',
    play: () =>
      withRequest(async (asked) => {
        const { slack, told } = asked.world;
        slack.faults.next('users.info', { kind: 'http', status: 500 }, 2);
        await slack.click('UBOB', asked.message, 'Approve');
        expect(await told('UBOB')).toContain('does not tell whether the account UBOB is active');
        return expectCarolDecides(asked);
      }),
  },
  {
    fault: 'duplicate press',
    injected: 'the same envelope of an approval twice more, beside a second press',
    expected: 'one vote, one operation',
    play: () =>
      withRequest(async ({ world, message, standing }) => {
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
