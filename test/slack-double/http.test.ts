import type { AddressInfo } from 'node:net';
import { App } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlackDouble, type SlackDouble } from '../fakes/slack/double.ts';
import { quiet } from './app.ts';

describe('by HTTP', () => {
  let slack: SlackDouble;
  let app: App;
  let url: string;
  const heard: string[] = [];

  beforeEach(async () => {
    slack = await createSlackDouble({ ackLimitMs: 1000 });
    slack.people.add({ id: 'U1', name: 'ada' });
    slack.channels.add({ id: 'C1', name: 'ops' });
    heard.length = 0;
    app = new App({
      token: slack.botToken,
      signingSecret: slack.signingSecret,
      clientOptions: { slackApiUrl: slack.apiUrl },
      convoStore: false,
      logger: quiet,
    });
    app.command('/cml', async ({ ack, command }) => {
      heard.push(command.text);
      if (command.text !== 'silent') await ack(command.text === 'loud' ? 'hear, hear' : undefined);
    });
    app.action(/.*/, async ({ ack, action }) => {
      await ack();
      heard.push((action as { value: string }).value);
    });
    app.event('user_change', async ({ context }) => {
      heard.push(`user_change ${context.retryNum ?? 0}`);
    });
    const server = await app.start(0);
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events`;
    slack.deliverTo(url);
  });

  afterEach(async () => {
    await app.stop();
    await slack.dispose();
  });

  it('brings commands, clicks and events, signed, and shows the answer in the acknowledgement', async () => {
    expect(await slack.type('U1', 'C1', '/cml loud')).toMatchObject({ status: 200, ack: { text: 'hear, hear' } });
    expect(slack.ephemerals('U1')).toMatchObject([{ text: 'hear, hear' }]);
    const button = {
      type: 'button' as const,
      action_id: 'a',
      value: 'pressed',
      text: { type: 'plain_text' as const, text: 'A' },
    };
    const blocks = [{ type: 'actions' as const, elements: [button] }];
    const { ts = '' } = await app.client.chat.postMessage({ channel: 'C1', text: 'press', blocks });
    expect(await slack.click('U1', { channel: 'C1', ts }, 'a')).toMatchObject({ status: 200 });
    expect(await slack.happen({ type: 'user_change', user: { id: 'U1' } })).toMatchObject({ status: 200 });
    expect(heard).toEqual(['loud', 'pressed', 'user_change 0']);
  });

  it('is refused by Bolt with an old signature or a foreign one, and taken with one of the future', async () => {
    const now = Math.floor(Date.now() / 1000);
    const old = await slack.type('U1', 'C1', '/cml old', { signedAt: now - 360 });
    expect(old).toMatchObject({ status: 401, error: 'http_client_error' });
    expect(await slack.type('U1', 'C1', '/cml foreign', { signingSecret: 'guessed' })).toMatchObject({ status: 401 });
    // Bolt looks backwards only: those who build on it have to look ahead themselves.
    expect(await slack.type('U1', 'C1', '/cml future', { signedAt: now + 600 })).toMatchObject({ status: 200 });
    expect(heard).toEqual(['future']);
  });

  it('may bring the very same bytes again, which Bolt takes again', async () => {
    const delivery = await slack.type('U1', 'C1', '/cml once');
    const again = await slack.deliveries.again(delivery);
    expect(again.status).toBe(200);
    expect(again.wire).toEqual(delivery.wire);
    expect(heard).toEqual(['once', 'once']);
  });

  it('brings an event that was missed again, signed anew and with its number', async () => {
    slack.deliverTo('http://127.0.0.1:1/');
    await slack.happen({ type: 'user_change', user: { id: 'U1' } });
    slack.deliverTo(url);
    await slack.pass(60_000);
    await slack.when(() => heard[0]);
    expect(heard).toEqual(['user_change 2']);
  });

  it('shows the person an error when the app is late or gone', async () => {
    expect(await slack.type('U1', 'C1', '/cml silent')).toMatchObject({ error: 'operation_timeout' });
    expect(await slack.type('U1', 'C1', '/cml slow', { lateMs: 1500 })).toMatchObject({ error: 'operation_timeout' });
    await slack.when(() => heard.find((one) => one === 'slow'));
    slack.deliverTo('http://127.0.0.1:1/');
    expect(await slack.type('U1', 'C1', '/cml gone')).toMatchObject({ error: 'dispatch_failed' });
  });
});
