import { flag, needed, text } from '../args.ts';
import type { JsonObject, SlackChannel, SlackMessage } from '../kinds.ts';
import { channelToRead, shownMessage } from '../posting.ts';
import { SlackRefused } from '../refused.ts';
import { BOT_USER } from '../world.ts';
import type { Methods, Slack } from './method.ts';

const HISTORY = ['channels:history', 'groups:history', 'im:history', 'mpim:history'];
const READ = ['channels:read', 'groups:read', 'im:read', 'mpim:read'];

export const conversationMethods: Methods = {
  'conversations.history': { tier: 3, scopes: HISTORY, run: history },
  'conversations.replies': { tier: 3, scopes: HISTORY, run: replies },
  'conversations.info': {
    tier: 3,
    scopes: READ,
    run: (args, { world }) => ({ channel: shownChannel(visible(args, world.channels)) }),
  },
  'conversations.members': {
    tier: 4,
    scopes: READ,
    run: (args, { world }) => ({
      members: [...visible(args, world.channels).members],
      response_metadata: { next_cursor: '' },
    }),
  },
  'conversations.list': {
    tier: 2,
    scopes: READ,
    run: (args, { world }) => {
      const withArchived = !flag(args, 'exclude_archived');
      const kinds = (text(args, 'types') ?? 'public_channel').split(',');
      const shown = [...world.channels.values()]
        .filter((one) => kinds.includes(one.kind === 'im' ? 'im' : `${one.kind}_channel`))
        .filter((one) => (one.kind === 'public' || one.members.has(BOT_USER)) && (withArchived || !one.archived));
      return { channels: shown.map(shownChannel), response_metadata: { next_cursor: '' } };
    },
  },
  'conversations.open': { tier: 3, scopes: ['im:write', 'mpim:write'], run: open },
};

function visible(args: JsonObject, channels: ReadonlyMap<string, SlackChannel>): SlackChannel {
  const channel = channels.get(needed(args, 'channel', 'channel_not_found'));
  if (!channel || (channel.kind !== 'public' && !channel.members.has(BOT_USER))) {
    throw new SlackRefused('channel_not_found');
  }
  return channel;
}

function shownChannel({ id, name, kind, archived, members }: SlackChannel): JsonObject {
  return {
    id,
    name,
    is_channel: kind === 'public',
    is_group: kind === 'private',
    is_private: kind !== 'public',
    is_im: kind === 'im',
    is_archived: archived,
    is_member: members.has(BOT_USER),
    num_members: members.size,
  };
}

/** Newest first; replies only when they were sent to the channel too. */
function history(args: JsonObject, slack: Slack): JsonObject {
  const channel = channelToRead(args, slack);
  const found = slack.world.messages
    .map(({ message }) => message)
    .filter((one) => one.channel === channel.id && isInRange(one, args))
    .filter((one) => !one.thread_ts || one.thread_ts === one.ts || one.reply_broadcast)
    .reverse();
  return page(found, args, slack);
}

function replies(args: JsonObject, slack: Slack): JsonObject {
  const channel = channelToRead(args, slack);
  const ts = needed(args, 'ts', 'thread_not_found');
  const found = slack.world.messages
    .map(({ message }) => message)
    .filter((one) => one.channel === channel.id && (one.ts === ts || one.thread_ts === ts));
  if (!found.some((one) => one.ts === ts)) throw new SlackRefused('thread_not_found');
  const root = found.filter((one) => one.ts === ts);
  return page([...root, ...found.filter((one) => one.ts !== ts && isInRange(one, args))], args, slack);
}

function isInRange({ ts }: SlackMessage, args: JsonObject): boolean {
  const oldest = Number(text(args, 'oldest') ?? 0);
  const latest = Number(text(args, 'latest') ?? Number.POSITIVE_INFINITY);
  const at = Number(ts);
  return flag(args, 'inclusive') ? at >= oldest && at <= latest : at > oldest && at < latest;
}

function page(found: readonly SlackMessage[], args: JsonObject, { world }: Slack): JsonObject {
  const limit = Math.min(Number(text(args, 'limit') ?? 100), 999);
  if (!(limit > 0)) throw new SlackRefused('invalid_limit');
  const from = Number(text(args, 'cursor') ?? 0);
  if (!Number.isInteger(from)) throw new SlackRefused('invalid_cursor');
  const more = found.length > from + limit;
  const replyCount = (root: string) => world.messages.filter(({ message }) => message.thread_ts === root).length;
  return {
    messages: found.slice(from, from + limit).map((one) => {
      const count = replyCount(one.ts);
      const shown = shownMessage(one, flag(args, 'include_all_metadata'));
      return count > 0 ? { ...shown, thread_ts: one.ts, reply_count: count } : shown;
    }),
    has_more: more,
    response_metadata: { next_cursor: more ? String(from + limit) : '' },
  };
}

function open(args: JsonObject, { world }: Slack): JsonObject {
  const given = text(args, 'channel');
  if (given) return { channel: { id: visible(args, world.channels).id } };
  const users = needed(args, 'users', 'users_list_not_supplied').split(',');
  const [user = ''] = users;
  // Direct messages to several at once are not among what the app does.
  if (users.length !== 1) throw new SlackRefused('not_enough_users');
  const person = world.people.get(user);
  if (!person) throw new SlackRefused('user_not_found');
  if (person.deleted) throw new SlackRefused('user_disabled');
  if (person.isBot) throw new SlackRefused('cannot_dm_bot');
  return { channel: { id: world.directChannel(user).id } };
}
