import type { App } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlackDouble, type SlackDouble } from '../fakes/slack/double.ts';
import { startBolt, startClient, wordOf } from './app.ts';

const plain = (text: string) => ({ type: 'plain_text' as const, text });
const buttons = [
  {
    type: 'actions' as const,
    elements: [
      { type: 'button' as const, action_id: 'say:approve:1', text: plain('Approve'), value: '{"word":"approve"}' },
      {
        type: 'overflow' as const,
        action_id: 'more',
        options: ['a', 'b'].map((value) => ({ text: plain(`Choice ${value}`), value })),
      },
    ],
  },
];

describe('a click', () => {
  let slack: SlackDouble;
  let app: App;
  let heard: Record<string, unknown>[];

  beforeEach(async () => {
    slack = await createSlackDouble({ ackLimitMs: 1000 });
    slack.people.add({ id: 'U1', name: 'ada' });
    slack.people.add({ id: 'U2', name: 'grace' });
    slack.channels.add({ id: 'C1', name: 'ops' });
    slack.channels.add({ id: 'C2', name: 'cellar', people: ['U1'] });
    heard = [];
    app = await startBolt(slack, (bolt) => {
      bolt.action(/.*/, async ({ ack, body, action, respond }) => {
        await ack();
        heard.push({ body, action });
        await respond({ text: 'thanks', replace_original: 'action_id' in action && action.action_id === 'more' });
      });
      bolt.shortcut(/.*/, async ({ ack, shortcut }) => {
        await ack();
        heard.push({ shortcut });
      });
    });
  });

  afterEach(async () => {
    await app.stop();
    await slack.dispose();
  });

  it('on a button of a message carries its value, the message and who pressed it', async () => {
    const { ts = '' } = await app.client.chat.postMessage({ channel: 'C1', text: 'approve?', blocks: buttons });
    const delivery = await slack.click('U2', { channel: 'C1', ts }, 'Approve');
    expect(delivery.error).toBeUndefined();
    expect(heard[0]).toMatchObject({
      action: { action_id: 'say:approve:1', value: '{"word":"approve"}', block_id: expect.any(String) },
      body: {
        user: { id: 'U2' },
        channel: { id: 'C1' },
        message: { ts, text: 'approve?' },
        container: { message_ts: ts },
      },
    });
    await slack.when(() => slack.ephemerals('U2')[0]);
    expect(slack.ephemerals('U2')).toMatchObject([{ text: 'thanks' }]);
    expect(slack.history('C1')).toMatchObject([{ text: 'approve?' }]);
  });

  it('on a menu carries what was chosen, and the answer may stand in place of the message', async () => {
    const { ts = '' } = await app.client.chat.postMessage({ channel: 'C1', text: 'approve?', blocks: buttons });
    const delivery = await slack.click('U2', { channel: 'C1', ts }, 'more', { choose: 'Choice b' });
    expect(heard[0]).toMatchObject({ action: { selected_option: { value: 'b' } } });
    await slack.when(() => delivery.responses[0]);
    expect(slack.history('C1')).toMatchObject([{ text: 'thanks' }]);
  });

  it('works on a message as it was seen, also when it has changed since', async () => {
    const { ts = '' } = await app.client.chat.postMessage({ channel: 'C1', text: 'approve?', blocks: buttons });
    const [seen] = slack.history('C1');
    if (!seen) throw new Error('nothing to click on');
    await app.client.chat.update({ channel: 'C1', ts, text: 'approved' });
    await expect(slack.click('U1', { channel: 'C1', ts }, 'Approve')).rejects.toThrow('no "Approve"');
    await slack.click('U1', seen, 'Approve');
    expect(heard).toHaveLength(1);
  });

  it('on what one person sees is that person’s alone', async () => {
    await app.client.chat.postEphemeral({ channel: 'C1', user: 'U1', text: 'approve?', blocks: buttons });
    const [seen] = slack.ephemerals('U1');
    if (!seen) throw new Error('nothing to click on');
    await expect(slack.click('U2', seen, 'Approve')).rejects.toThrow('grace does not see');
    await slack.click('U1', seen, 'more', { choose: 'a' });
    expect(heard[0]).toMatchObject({ body: { container: { is_ephemeral: true } } });
    await slack.when(() => slack.ephemerals('U1').find(({ text }) => text === 'thanks'));
    expect(slack.ephemerals('U1')).toHaveLength(1);
  });

  it('in a channel one is not in cannot be made', async () => {
    const { ts = '' } = await app.client.chat.postMessage({ channel: 'C2', text: 'approve?', blocks: buttons });
    await expect(slack.click('U2', { channel: 'C2', ts }, 'Approve')).rejects.toThrow('grace does not see cellar');
  });

  it('that reaches the app twice is twice the same', async () => {
    const { ts = '' } = await app.client.chat.postMessage({ channel: 'C1', text: 'approve?', blocks: buttons });
    const delivery = await slack.click('U2', { channel: 'C1', ts }, 'Approve');
    await slack.deliveries.again(delivery);
    expect(heard).toHaveLength(2);
    expect(heard[1]).toEqual(heard[0]);
  });

  it('that was long on its way arrives after the person was shown an error', async () => {
    const { ts = '' } = await app.client.chat.postMessage({ channel: 'C1', text: 'approve?', blocks: buttons });
    const delivery = await slack.click('U2', { channel: 'C1', ts }, 'Approve', { lateMs: 3500 });
    expect(delivery.error).toBe('operation_timeout');
    await slack.when(() => heard[0]);
    const view = { type: 'modal' as const, title: plain('Why'), blocks: [] };
    const trigger = String(delivery.payload.trigger_id);
    expect(await wordOf(app.client.views.open({ trigger_id: trigger, view }))).toBe('expired_trigger_id');
  });

  it('of a stranger from another workspace carries their team', async () => {
    slack.people.add({ id: 'U7', name: 'eve', team: 'T9OTHER' });
    const { ts = '' } = await app.client.chat.postMessage({ channel: 'C1', text: 'approve?', blocks: buttons });
    await slack.click('U7', { channel: 'C1', ts }, 'Approve');
    expect(heard[0]).toMatchObject({ body: { user: { id: 'U7', team_id: 'T9OTHER' } } });
  });

  it('may be a shortcut, of the workspace or of a message', async () => {
    const { ts = '' } = await app.client.chat.postMessage({ channel: 'C1', text: 'hello' });
    await slack.shortcut('U1', 'cml');
    await slack.messageShortcut('U1', 'about', { channel: 'C1', ts });
    expect(heard).toMatchObject([
      { shortcut: { type: 'shortcut', callback_id: 'cml', user: { id: 'U1' } } },
      { shortcut: { type: 'message_action', callback_id: 'about', message: { text: 'hello' } } },
    ]);
  });
});

describe('a trigger', () => {
  it('opens one window, within three seconds', async () => {
    const slack = await createSlackDouble({ ackLimitMs: 10 });
    slack.people.add({ id: 'U1', name: 'ada' });
    slack.channels.add({ id: 'C1', name: 'ops' });
    const client = startClient(slack);
    const view = { type: 'modal' as const, title: plain('Back up'), blocks: [] };
    const trigger = async () => String((await slack.type('U1', 'C1', '/cml')).payload.trigger_id);
    const first = await trigger();
    expect(await wordOf(client.views.open({ trigger_id: first, view }))).toBe('ok');
    expect(await wordOf(client.views.open({ trigger_id: first, view }))).toBe('exchanged_trigger_id');
    const late = await trigger();
    await slack.pass(3001);
    expect(await wordOf(client.views.open({ trigger_id: late, view }))).toBe('expired_trigger_id');
    expect(await wordOf(client.views.open({ trigger_id: 'x', view }))).toBe('invalid_trigger_id');
    await slack.dispose();
  });
});
