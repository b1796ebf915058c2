import { needed, rich, richObject, text } from '../args.ts';
import type { JsonObject } from '../kinds.ts';
import { channelToPostIn, post, readBlocks, readContent, shownMessage } from '../posting.ts';
import { SlackRefused } from '../refused.ts';
import { BOT_USER, type Kept, TEAM_DOMAIN } from '../world.ts';
import type { Methods, Slack } from './method.ts';

/** Longer is refused when a message is changed. */
const UPDATE_TEXT_MAX = 4000;

export const chatMethods: Methods = {
  'chat.postMessage': { tier: 'post', scopes: ['chat:write'], run: postMessage },
  'chat.update': { tier: 3, scopes: ['chat:write'], run: update },
  'chat.delete': { tier: 3, scopes: ['chat:write'], run: remove },
  'chat.postEphemeral': { tier: 4, scopes: ['chat:write'], run: postEphemeral },
  'chat.getPermalink': {
    tier: 'many',
    run: (args, { world }) => {
      const channel = needed(args, 'channel', 'channel_not_found');
      const ts = needed(args, 'message_ts', 'message_not_found');
      if (!world.findMessage(channel, ts)) throw new SlackRefused('message_not_found');
      const permalink = `https://${TEAM_DOMAIN}.slack.com/archives/${channel}/p${ts.replace('.', '')}`;
      return { channel, permalink };
    },
  },
};

function postMessage(args: JsonObject, slack: Slack): JsonObject {
  const channel = channelToPostIn(args, slack);
  const content = readContent(args, slack);
  const message = post(slack.world, channel, content, args);
  const warning = content.warnings.join(',');
  return {
    channel: channel.id,
    ts: message.ts,
    message: shownMessage(message, true),
    ...(warning ? { warning, response_metadata: { warnings: content.warnings } } : {}),
  };
}

function ownMessage(args: JsonObject, { world }: Slack, word: string): Kept {
  const channel = world.channels.get(needed(args, 'channel', 'channel_not_found'));
  if (!channel) throw new SlackRefused('channel_not_found');
  if (!channel.members.has(BOT_USER) && channel.kind !== 'public') throw new SlackRefused('channel_not_found');
  const kept = world.findMessage(channel.id, needed(args, 'ts', 'message_not_found'));
  if (!kept) throw new SlackRefused('message_not_found');
  if (kept.message.user !== BOT_USER) throw new SlackRefused(word);
  if (channel.archived) throw new SlackRefused('is_archived');
  return kept;
}

/** Text alone takes the blocks away; blocks alone leave the text as it was; left out metadata stays. */
function update(args: JsonObject, slack: Slack): JsonObject {
  const { message, states } = ownMessage(args, slack, 'cant_update_message');
  const given = text(args, 'text');
  if (given !== undefined && given.length > UPDATE_TEXT_MAX) throw new SlackRefused('msg_too_long');
  const blocksGiven = rich(args, 'blocks', 'invalid_blocks_format') !== undefined;
  if (given === undefined && !blocksGiven) throw new SlackRefused('no_text');
  const blocks = readBlocks(args, slack);
  if (!blocks?.length && given === undefined) throw new SlackRefused('no_text');
  if (blocks && isRichText(message.blocks) && !isRichText(blocks)) throw new SlackRefused('block_mismatch');
  noteStaleIds(message.blocks, blocks, slack);
  const metadata = richObject(args, 'metadata', 'invalid_metadata_format');
  if (given !== undefined) message.text = given;
  if (blocks?.length) message.blocks = blocks;
  else delete message.blocks;
  if (metadata) message.metadata = metadata;
  if (!blocks?.length) message.edited = { user: BOT_USER, ts: slack.world.nextTs() };
  states.push({ at: slack.world.now(), text: message.text, blocks: message.blocks });
  return { channel: message.channel, ts: message.ts, text: message.text, message: shownMessage(message, true) };
}

function isRichText(blocks: readonly JsonObject[] | undefined): boolean {
  return blocks !== undefined && blocks.length > 0 && blocks.every(({ type }) => type === 'rich_text');
}

/** Slack advises a new `block_id` with each change of a block: clients may keep showing what they have under the old. */
function noteStaleIds(before: readonly JsonObject[] = [], after: readonly JsonObject[] = [], { advice }: Slack): void {
  for (const block of after) {
    const same = before.find(({ block_id: id }) => id === block.block_id);
    if (same && JSON.stringify(same) !== JSON.stringify(block)) {
      advice.push(`a changed ${block.type} block kept the block_id ${block.block_id}`);
    }
  }
}

function remove(args: JsonObject, slack: Slack): JsonObject {
  const kept = ownMessage(args, slack, 'cant_delete_message');
  slack.world.messages.splice(slack.world.messages.indexOf(kept), 1);
  return { channel: kept.message.channel, ts: kept.message.ts };
}

function postEphemeral(args: JsonObject, slack: Slack): JsonObject {
  const channel = channelToPostIn(args, slack);
  const user = needed(args, 'user', 'user_not_in_channel');
  const content = readContent(args, slack);
  if (!channel.members.has(user) || slack.world.people.get(user)?.deleted) {
    throw new SlackRefused('user_not_in_channel');
  }
  const ts = slack.world.nextTs();
  const thread = text(args, 'thread_ts');
  const { text: said, blocks } = content;
  slack.world.ephemerals.push({
    ts,
    channel: channel.id,
    user,
    text: said,
    ...(blocks ? { blocks } : {}),
    ...(thread ? { thread_ts: thread } : {}),
  });
  return { message_ts: ts };
}
