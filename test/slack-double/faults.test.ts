import { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlackDouble, type SlackDouble } from '../fakes/slack/double.ts';
import { quiet, startBolt, startClient, wordOf } from './app.ts';

describe('what goes wrong', () => {
  let slack: SlackDouble;

  beforeEach(async () => {
    slack = await createSlackDouble();
    slack.people.add({ id: 'U1', name: 'ada' });
    slack.channels.add({ id: 'C1', name: 'ops' });
  });

  afterEach(() => slack.dispose());

  const patient = () =>
    new WebClient(slack.botToken, {
      slackApiUrl: slack.apiUrl,
      retryConfig: { retries: 2, minTimeout: 1, maxTimeout: 5 },
      logger: quiet,
      timeout: 200,
    });

  it('a dropped answer after the post was stored makes the real client post twice, under one key', async () => {
    slack.faults.next('chat.postMessage', { kind: 'drop', when: 'after' });
    const metadata = { event_type: 'cml', event_payload: { key: 'op_1' } };
    await patient().chat.postMessage({ channel: 'C1', text: 'hello', metadata });
    expect(slack.history('C1')).toHaveLength(2);
    const { messages } = await patient().conversations.history({ channel: 'C1', include_all_metadata: true });
    expect(messages).toMatchObject([{ metadata }, { metadata }]);
    expect(slack.requests.map(({ method, refused }) => [method, refused])).toEqual([
      ['chat.postMessage', 'drop after'],
      ['chat.postMessage', undefined],
      ['conversations.history', undefined],
    ]);
  });

  it('a connection cut before, a 500 and silence leave nothing behind, and the next try goes', async () => {
    slack.faults.next('chat.postMessage', { kind: 'drop', when: 'before' });
    slack.faults.next('*', { kind: 'http', status: 500 });
    await patient().chat.postMessage({ channel: 'C1', text: 'one' });
    slack.faults.next('chat.postMessage', { kind: 'silent', when: 'before' });
    await patient().chat.postMessage({ channel: 'C1', text: 'two' });
    expect(slack.history('C1').map(({ text }) => text)).toEqual(['one', 'two']);
    expect(slack.requests).toHaveLength(5);
  });

  it('a 429 says how long to wait', async () => {
    slack.faults.next('auth.test', { kind: 'rate-limited', retryAfterSeconds: 7 });
    await expect(startClient(slack).auth.test()).rejects.toMatchObject({ retryAfter: 7 });
  });

  it('a word of Slack is answered as often as asked for, or for as long as wanted', async () => {
    slack.faults.next('auth.test', { kind: 'error', word: 'team_disabled' }, 2);
    const end = slack.faults.whenever(({ args }) => args.text === 'x', { kind: 'error', word: 'restricted_action' });
    const client = startClient(slack);
    const test = () => wordOf(client.auth.test());
    expect([await test(), await test(), await test()]).toEqual(['team_disabled', 'team_disabled', 'ok']);
    expect(await wordOf(client.chat.postMessage({ channel: 'C1', text: 'x' }))).toBe('restricted_action');
    end();
    expect(await wordOf(client.chat.postMessage({ channel: 'C1', text: 'x' }))).toBe('ok');
  });

  it('may be watched call by call, before and after', async () => {
    const told: string[] = [];
    slack.faults.watch(({ number, method }, stage) =>
      told.push(`${number} ${method} ${stage} ${slack.history('C1').length}`),
    );
    await startClient(slack).chat.postMessage({ channel: 'C1', text: 'x' });
    expect(told).toEqual(['1 chat.postMessage before 0', '1 chat.postMessage after 1']);
  });

  it('Slack away takes no call and cuts the sockets; once back all works again', async () => {
    const app = await startBolt(slack, (bolt) => bolt.command('/cml', async ({ ack }) => ack('here')));
    slack.faults.down();
    expect(slack.links.open()).toBe(0);
    expect(await wordOf(startClient(slack).auth.test())).not.toBe('ok');
    slack.faults.up();
    expect(await wordOf(startClient(slack).auth.test())).toBe('ok');
    await app.stop();
  });
});

describe('a tier', () => {
  it('is held per method, and time opens it again', async () => {
    const slack = await createSlackDouble();
    slack.groups.set('S1', []);
    const client = startClient(slack);
    const list = () => client.usergroups.users.list({ usergroup: 'S1' });
    for (let n = 0; n < 20; n++) await list();
    await expect(list()).rejects.toMatchObject({
      code: 'slack_webapi_rate_limited_error',
      retryAfter: expect.any(Number),
    });
    expect(await wordOf(client.users.info({ user: slack.botUser }))).toBe('ok');
    await slack.pass(60_000);
    expect(await wordOf(list())).toBe('ok');
    expect(slack.busiest('usergroups.users.list')).toBe(20);
    await slack.dispose();
  });

  it('of posting is one a second and channel, with a burst on top', async () => {
    const slack = await createSlackDouble();
    slack.channels.add({ id: 'C1', name: 'ops' });
    slack.channels.add({ id: 'C2', name: 'dev' });
    const client = startClient(slack);
    const post = (channel: string) => wordOf(client.chat.postMessage({ channel, text: 'x' }));
    const limited = /rate/i;
    for (let n = 0; n < 20; n++) expect(await post('C1')).toBe('ok');
    expect(await post('C1')).toMatch(limited);
    expect(await post('C2')).toBe('ok');
    await slack.dispose();
  });

  it('is nobody’s concern when a test says so', async () => {
    const slack = await createSlackDouble({ rates: 'none' });
    slack.channels.add({ id: 'C1', name: 'ops' });
    const client = startClient(slack);
    for (let n = 0; n < 25; n++) await client.chat.postMessage({ channel: 'C1', text: 'x' });
    expect(slack.history('C1')).toHaveLength(25);
    expect(slack.busiest('chat.postMessage')).toBe(25);
    await slack.dispose();
  });
});
