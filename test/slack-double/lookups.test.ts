import type { WebClient } from '@slack/web-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSlackDouble, type SlackDouble } from '../fakes/slack/double.ts';
import { mentionsIn } from '../fakes/slack/mentions.ts';
import { startClient, wordOf } from './app.ts';

describe('looking things up', () => {
  let slack: SlackDouble;
  let client: WebClient;

  beforeAll(async () => {
    slack = await createSlackDouble();
    slack.people.add({ id: 'U1', name: 'ada', email: 'ada@acme.example', tz: 'America/New_York' });
    slack.people.add({ id: 'U2', name: 'grace', email: 'grace@acme.example', deleted: true });
    slack.channels.add({ id: 'C1', name: 'ops' });
    slack.groups.set('S1', ['U1', 'U2'], 'approvers');
    client = startClient(slack);
  });

  afterAll(() => slack.dispose());

  it('finds people by id and by e-mail, the deactivated by id only', async () => {
    expect((await client.users.info({ user: 'U1' })).user).toMatchObject({
      tz: 'America/New_York',
      deleted: false,
      profile: { email: 'ada@acme.example' },
    });
    expect((await client.users.info({ user: 'U1' })).user?.tz_offset).toBeLessThanOrEqual(-4 * 3600);
    expect((await client.users.lookupByEmail({ email: 'ADA@acme.example' })).user?.id).toBe('U1');
    expect((await client.users.info({ user: 'U2' })).user?.deleted).toBe(true);
    expect(await wordOf(client.users.lookupByEmail({ email: 'grace@acme.example' }))).toBe('users_not_found');
    expect(await wordOf(client.users.info({ user: 'U9' }))).toBe('user_not_found');
  });

  it('finds who is in a user group, without the deactivated', async () => {
    expect((await client.usergroups.users.list({ usergroup: 'S1' })).users).toEqual(['U1']);
    expect(await wordOf(client.usergroups.users.list({ usergroup: 'S9' }))).toBe('no_such_subteam');
    expect((await client.usergroups.list()).usergroups).toMatchObject([{ id: 'S1', handle: 'approvers' }]);
  });

  it('opens direct channels, but not with the deactivated', async () => {
    const { channel } = await client.conversations.open({ users: 'U1' });
    expect((await client.conversations.open({ users: 'U1' })).channel?.id).toBe(channel?.id);
    expect(await wordOf(client.conversations.open({ users: 'U2' }))).toBe('user_disabled');
  });

  it('tells of a channel whether the app is in it and whether it is archived', async () => {
    expect((await client.conversations.info({ channel: 'C1' })).channel).toMatchObject({
      is_member: true,
      is_archived: false,
    });
    slack.channels.add({ id: 'C2', name: 'old' });
    slack.channels.archive('C2');
    slack.channels.removeApp('C2');
    expect((await client.conversations.info({ channel: 'C2' })).channel).toMatchObject({
      is_member: false,
      is_archived: true,
    });
    expect(await wordOf(client.conversations.history({ channel: 'C2' }))).toBe('not_in_channel');
  });

  it('reads a channel newest first, page by page, with metadata only when asked', async () => {
    const metadata = { event_type: 'cml', event_payload: { key: 'op_1' } };
    const { ts: first } = await client.chat.postMessage({ channel: 'C1', text: 'one', metadata });
    await client.chat.postMessage({ channel: 'C1', text: 'reply', thread_ts: first ?? '' });
    await client.chat.postMessage({ channel: 'C1', text: 'two' });
    const page = await client.conversations.history({ channel: 'C1', limit: 1 });
    expect(page.messages?.map(({ text }) => text)).toEqual(['two']);
    const cursor = page.response_metadata?.next_cursor ?? '';
    const rest = await client.conversations.history({ channel: 'C1', limit: 1, cursor });
    expect(rest.messages).toMatchObject([{ text: 'one', reply_count: 1 }]);
    expect(rest.messages?.[0]).not.toHaveProperty('metadata');
    expect(rest.has_more).toBe(false);
    const found = await client.conversations.history({
      channel: 'C1',
      oldest: first ?? '',
      inclusive: true,
      include_all_metadata: true,
    });
    expect(found.messages?.at(-1)).toMatchObject({ ts: first, metadata });
    const thread = await client.conversations.replies({ channel: 'C1', ts: first ?? '' });
    expect(thread.messages?.map(({ text }) => text)).toEqual(['one', 'reply']);
    expect(await wordOf(client.conversations.replies({ channel: 'C1', ts: '1.000001' }))).toBe('thread_not_found');
  });

  it('needs the scope that Slack wants', async () => {
    slack.scopes.delete('usergroups:read');
    expect(await wordOf(client.usergroups.users.list({ usergroup: 'S1' }))).toBe('missing_scope');
  });

  it('finds who a message notifies, and nobody in escaped text', () => {
    const rich = [
      {
        type: 'rich_text',
        elements: [
          { type: 'user', user_id: 'U2' },
          { type: 'broadcast', range: 'here' },
        ],
      },
    ];
    expect(mentionsIn({ text: 'hi <@U1|ada>, <!subteam^S1> and <!channel>' })).toEqual([
      '<@U1>',
      '<!subteam^S1>',
      '<!channel>',
    ]);
    expect(mentionsIn({ text: '&lt;!channel&gt; &lt;@U1&gt;' })).toEqual([]);
    expect(mentionsIn({ text: '<@U1>', blocks: rich })).toEqual(['<@U2>', '<!here>']);
    expect(mentionsIn({ text: '', blocks: [{ type: 'header', text: { type: 'plain_text', text: '<@U1>' } }] })).toEqual(
      [],
    );
  });
});
