import { SocketModeClient } from '@slack/socket-mode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlackDouble, type SlackDouble } from '../fakes/slack/double.ts';
import { quiet, startClient, wordOf } from './app.ts';

/** A real Socket Mode client that reconnects soon. */
function createClient(slack: SlackDouble): SocketModeClient {
  return new SocketModeClient({
    appToken: slack.appToken,
    clientOptions: { slackApiUrl: slack.apiUrl },
    clientPingTimeout: 300,
    serverPingTimeout: 60_000,
    logger: quiet,
  });
}

describe('the sockets', () => {
  let slack: SlackDouble;
  const clients: SocketModeClient[] = [];

  beforeEach(async () => {
    slack = await createSlackDouble({ ackLimitMs: 300 });
    slack.people.add({ id: 'U1', name: 'ada' });
    slack.channels.add({ id: 'C1', name: 'ops' });
  });

  afterEach(async () => {
    for (const one of clients.splice(0)) void one.disconnect();
    await slack.dispose();
  });

  async function connect(count = 1): Promise<string[]> {
    const heard: string[] = [];
    for (let n = 1; n <= count; n++) {
      const client = createClient(slack);
      clients.push(client);
      client.on('slash_commands', async ({ ack, body }) => {
        heard.push(`${n}: ${body.text}`);
        await ack();
      });
      await client.start();
    }
    return heard;
  }

  it('take turns when there are several', async () => {
    const heard = await connect(2);
    expect(slack.links.open()).toBe(2);
    for (const text of ['a', 'b', 'c']) await slack.type('U1', 'C1', `/cml ${text}`);
    expect(heard).toEqual(['1: a', '2: b', '1: c']);
  });

  it.each([
    ['a refresh', () => slack.links.refresh()],
    ['a cut', () => slack.links.drop()],
  ])('are made anew after %s, and a command in between fails', async (_, end) => {
    const heard = await connect();
    end();
    await slack.when(() => (slack.links.open() === 0 ? true : undefined));
    expect(await slack.type('U1', 'C1', '/cml lost')).toMatchObject({ error: 'dispatch_failed' });
    await slack.when(() => (slack.links.open() === 1 ? true : undefined));
    await slack.type('U1', 'C1', '/cml again');
    expect(heard).toEqual(['1: again']);
  });

  it('lose an acknowledgement that is under way when they close', async () => {
    const client = createClient(slack);
    clients.push(client);
    const lost: string[] = [];
    client.on('slash_commands', async ({ ack }) => {
      slack.links.refresh();
      await slack.when(() => (slack.links.open() === 0 ? true : undefined));
      await ack().catch((error: Error) => lost.push(error.name));
    });
    await client.start();
    expect(await slack.type('U1', 'C1', '/cml list')).toMatchObject({ error: 'operation_timeout' });
    expect(lost).toEqual(['SMSendWhileNotReadyError']);
  });

  it('are ten at most', async () => {
    await connect(10);
    const reasons: string[] = [];
    const extra = createClient(slack);
    clients.push(extra);
    extra.on('ws_message', (data: string) => reasons.push(JSON.parse(data).reason ?? 'hello'));
    void extra.start().catch(() => {});
    await slack.when(() => reasons[0]);
    expect(reasons[0]).toBe('too_many_websockets');
    expect(slack.links.open()).toBe(10);
  });

  it('end when Socket Mode is switched off, and no address is given any more', async () => {
    await connect();
    slack.links.disable();
    await slack.when(() => (slack.links.open() === 0 ? true : undefined));
    expect(await wordOf(startClient(slack, slack.appToken).apps.connections.open())).toBe('feature_not_enabled');
  });

  it('bring the same envelope again when asked to', async () => {
    const heard = await connect();
    const delivery = await slack.type('U1', 'C1', '/cml once');
    const again = await slack.deliveries.again(delivery);
    expect(again).toMatchObject({ id: delivery.id, ack: {} });
    expect(heard).toEqual(['1: once', '1: once']);
  });

  it('bring an event that was not acknowledged again: at once, after one and after five minutes', async () => {
    const client = createClient(slack);
    clients.push(client);
    const tries: unknown[] = [];
    client.on('user_change', ({ retry_num: number }) => tries.push(number));
    await client.start();
    await slack.happen({ type: 'user_change', user: { id: 'U1' } });
    expect(tries).toEqual([0, 1]);
    await slack.pass(60_000);
    await slack.pass(60_000);
    expect(tries).toEqual([0, 1, 2]);
    await slack.pass(235_000);
    expect(tries).toEqual([0, 1, 2]);
    await slack.pass(6000);
    expect(tries).toEqual([0, 1, 2, 3]);
    await slack.pass(3_600_000);
    expect(tries).toEqual([0, 1, 2, 3]);
  });
});
