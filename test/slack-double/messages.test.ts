import type { WebClient } from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlackDouble, type SlackDouble } from '../fakes/slack/double.ts';
import { startClient, wordOf } from './app.ts';

const section = (text: string) => ({ type: 'section' as const, text: { type: 'mrkdwn' as const, text } });

describe('a message', () => {
  let slack: SlackDouble;
  let client: WebClient;

  beforeEach(async () => {
    slack = await createSlackDouble();
    slack.people.add({ id: 'U1', name: 'ada' });
    slack.channels.add({ id: 'C1', name: 'ops' });
    client = startClient(slack);
  });

  afterEach(() => slack.dispose());

  it('stands in the channel, and its replies in its thread', async () => {
    const root = await client.chat.postMessage({ channel: 'C1', text: 'Backing up atlas' });
    const ts = root.ts ?? '';
    await client.chat.postMessage({ channel: 'C1', text: 'step', thread_ts: ts });
    await client.chat.postMessage({ channel: 'C1', text: 'for all', thread_ts: ts, reply_broadcast: true });
    expect(slack.history('C1').map(({ text }) => text)).toEqual(['Backing up atlas', 'for all']);
    expect(slack.thread('C1', ts).map(({ text }) => text)).toEqual(['Backing up atlas', 'step', 'for all']);
    expect(await wordOf(client.chat.postMessage({ channel: 'C1', text: 'x', thread_ts: '1.000001' }))).toBe(
      'thread_not_found',
    );
  });

  it('goes to a person directly by their id, and is changed by the id of that channel only', async () => {
    const { channel = '', ts = '' } = await client.chat.postMessage({ channel: 'U1', text: 'hello' });
    expect(channel).toMatch(/^D/);
    expect(await wordOf(client.chat.update({ channel: 'U1', ts, text: 'bye' }))).toBe('channel_not_found');
    await client.chat.update({ channel, ts, text: 'bye' });
    expect(slack.dms('U1')).toMatchObject([{ text: 'bye' }]);
    slack.people.deactivate('U1');
    expect(await wordOf(client.chat.postMessage({ channel: 'U1', text: 'hello' }))).toBe('channel_not_found');
  });

  it('loses its blocks when only text is given, and keeps its text when only blocks are', async () => {
    const { ts = '' } = await client.chat.postMessage({ channel: 'C1', text: 'one', blocks: [section('*one*')] });
    await client.chat.update({ channel: 'C1', ts, blocks: [section('*two*')] });
    expect(slack.history('C1')).toMatchObject([{ text: 'one', blocks: [{ text: { text: '*two*' } }] }]);
    await client.chat.update({ channel: 'C1', ts, text: 'three' });
    expect(slack.history('C1')[0]).not.toHaveProperty('blocks');
    expect(slack.states('C1', ts).map(({ text }) => text)).toEqual(['one', 'one', 'three']);
  });

  it('keeps its metadata when a change leaves it out', async () => {
    const metadata = { event_type: 'cml', event_payload: { key: 'op_1' } };
    const { ts = '' } = await client.chat.postMessage({ channel: 'C1', text: 'one', metadata });
    await client.chat.update({ channel: 'C1', ts, text: 'two' });
    expect(slack.history('C1')).toMatchObject([{ text: 'two', metadata }]);
  });

  it('is refused where the app is not, where nobody writes any more, and when it says nothing', async () => {
    slack.channels.add({ id: 'C2', name: 'cellar', kind: 'private' });
    slack.channels.removeApp('C2');
    slack.channels.add({ id: 'C3', name: 'old' });
    slack.channels.archive('C3');
    slack.channels.add({ id: 'C4', name: 'street' });
    slack.channels.removeApp('C4');
    expect(await wordOf(client.chat.postMessage({ channel: 'C9', text: 'x' }))).toBe('channel_not_found');
    expect(await wordOf(client.chat.postMessage({ channel: 'C2', text: 'x' }))).toBe('channel_not_found');
    expect(await wordOf(client.chat.postMessage({ channel: 'C3', text: 'x' }))).toBe('is_archived');
    expect(await wordOf(client.chat.postMessage({ channel: 'C4', text: 'x' }))).toBe('not_in_channel');
    expect(await wordOf(client.chat.postMessage({ channel: 'C1', text: '' }))).toBe('no_text');
    slack.scopes.add('chat:write.public');
    expect(await wordOf(client.chat.postMessage({ channel: 'C4', text: 'x' }))).toBe('ok');
  });

  it('is cut when it is far too long, and refused earlier when changed', async () => {
    const posted = await client.chat.postMessage({ channel: 'C1', text: 'x'.repeat(40_001) });
    expect(posted.warning).toBe('message_truncated');
    expect(slack.history('C1')[0]?.text).toHaveLength(40_000);
    const call = client.chat.update({ channel: 'C1', ts: posted.ts ?? '', text: 'x'.repeat(4001) });
    expect(await wordOf(call)).toBe('msg_too_long');
  });

  it('cannot be changed once somebody removed it', async () => {
    const { ts = '' } = await client.chat.postMessage({ channel: 'C1', text: 'one' });
    slack.removeMessage('C1', ts);
    expect(await wordOf(client.chat.update({ channel: 'C1', ts, text: 'two' }))).toBe('message_not_found');
  });

  it('shown to one person needs them in the channel', async () => {
    slack.people.add({ id: 'U2', name: 'grace' });
    slack.channels.add({ id: 'C2', name: 'cellar', people: ['U1'] });
    await client.chat.postEphemeral({ channel: 'C2', user: 'U1', text: 'psst' });
    expect(slack.ephemerals('U1')).toMatchObject([{ text: 'psst', channel: 'C2' }]);
    expect(slack.history('C2')).toEqual([]);
    expect(await wordOf(client.chat.postEphemeral({ channel: 'C2', user: 'U2', text: 'psst' }))).toBe(
      'user_not_in_channel',
    );
  });
});

describe('who calls', () => {
  it('is known by the token, and held to the scopes', async () => {
    const slack = await createSlackDouble({ scopes: ['commands', 'channels:read'] });
    const test = await startClient(slack).auth.test();
    expect(test).toMatchObject({ team_id: 'T0TEAM', user_id: slack.botUser, bot_id: 'B0CML' });
    expect(test.response_metadata?.scopes).toEqual(['commands', 'channels:read']);
    expect(await wordOf(startClient(slack, 'xoxb-other').auth.test())).toBe('invalid_auth');
    expect(await wordOf(startClient(slack, '').auth.test())).toBe('not_authed');
    expect(await wordOf(startClient(slack).apps.connections.open())).toBe('not_allowed_token_type');
    expect(await wordOf(startClient(slack, slack.appToken).apps.connections.open())).toBe('ok');
    expect(await wordOf(startClient(slack).chat.postMessage({ channel: 'C1', text: 'x' }))).toBe('missing_scope');
    expect(await wordOf(startClient(slack).apiCall('chat.sing'))).toBe('unknown_method');
    slack.tokens.end('bot', 'token_revoked');
    expect(await wordOf(startClient(slack).auth.test())).toBe('token_revoked');
    await slack.dispose();
  });
});
