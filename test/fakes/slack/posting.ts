import { flag, needed, rich, richObject, text } from './args.ts';
import { checkBlocks, withBlockIds } from './blocks/check.ts';
import type { JsonObject, SlackChannel, SlackMessage } from './kinds.ts';
import type { Slack } from './methods/method.ts';
import { SlackRefused } from './refused.ts';
import { APP, BOT, BOT_USER, type World } from './world.ts';

/** Longer text is cut when posted; `chat.update` refuses far earlier. */
const TEXT_CUT_AT = 40_000;
/** Slack names no number; what it lets through for certain is small. */
const METADATA_MAX = 16_000;

export interface Content {
  readonly text: string;
  readonly blocks?: readonly JsonObject[];
  readonly metadata?: JsonObject;
  readonly warnings: readonly string[];
}

/** What a message is to say, from the arguments of any method that posts. */
export function readContent(args: JsonObject, slack: Slack): Content {
  const blocks = readBlocks(args, slack);
  const given = text(args, 'text') ?? text(args, 'markdown_text') ?? '';
  if (text(args, 'markdown_text') && (text(args, 'text') || blocks)) throw new SlackRefused('markdown_text_conflict');
  if ((text(args, 'markdown_text')?.length ?? 0) > 12_000) throw new SlackRefused('msg_too_long');
  if (given === '' && !blocks?.length && !args.attachments) throw new SlackRefused('no_text');
  const metadata = readMetadata(args);
  if (given === '') slack.advice.push('blocks without text: a screen reader and a notification say nothing');
  return {
    text: given.slice(0, TEXT_CUT_AT),
    ...(blocks?.length ? { blocks } : {}),
    ...(metadata ? { metadata } : {}),
    warnings: given.length > TEXT_CUT_AT ? ['message_truncated'] : [],
  };
}

export function readBlocks(args: JsonObject, slack: Slack): readonly JsonObject[] | undefined {
  const given = rich(args, 'blocks', 'invalid_blocks_format');
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) throw new SlackRefused('invalid_blocks_format');
  const problems = checkBlocks(given, 'message');
  if (problems.length > 0) throw refusedBlocks(problems);
  return withBlockIds(given as JsonObject[], () => slack.world.nextId('').toLowerCase().slice(-5));
}

export function refusedBlocks(problems: readonly string[]): SlackRefused {
  return new SlackRefused('invalid_blocks', { errors: problems, response_metadata: { messages: problems } });
}

function readMetadata(args: JsonObject): JsonObject | undefined {
  const metadata = richObject(args, 'metadata', 'invalid_metadata_format');
  if (!metadata) return undefined;
  const { event_type: type, event_payload: payload } = metadata;
  if (typeof type !== 'string' || type === '' || typeof payload !== 'object' || payload === null) {
    throw new SlackRefused('invalid_metadata_schema');
  }
  if (Array.isArray(payload)) throw new SlackRefused('invalid_metadata_schema');
  if (JSON.stringify(metadata).length > METADATA_MAX) throw new SlackRefused('metadata_too_large');
  return metadata;
}

/** A channel by id or name; a person's id stands for the direct channel. */
export function channelToPostIn(args: JsonObject, { world, scopes }: Slack): SlackChannel {
  const given = needed(args, 'channel', 'channel_not_found');
  const channel = channelOfPerson(world, given) ?? findChannel(world, given);
  if (!channel) throw new SlackRefused('channel_not_found');
  if (channel.archived) throw new SlackRefused('is_archived');
  if (channel.members.has(BOT_USER)) return channel;
  if (channel.kind !== 'public') throw new SlackRefused('channel_not_found');
  if (!scopes.has('chat:write.public')) throw new SlackRefused('not_in_channel');
  return channel;
}

function channelOfPerson(world: World, id: string): SlackChannel | undefined {
  const person = world.people.get(id);
  return person && !person.deleted && !person.isBot ? world.directChannel(id) : undefined;
}

function findChannel(world: World, given: string): SlackChannel | undefined {
  const name = given.replace(/^#/, '');
  return (
    world.channels.get(given) ?? [...world.channels.values()].find((one) => one.kind !== 'im' && one.name === name)
  );
}

/** A channel whose contents the app may read. */
export function channelToRead(args: JsonObject, { world }: Slack): SlackChannel {
  const channel = world.channels.get(needed(args, 'channel', 'channel_not_found'));
  if (!channel) throw new SlackRefused('channel_not_found');
  if (channel.members.has(BOT_USER)) return channel;
  throw new SlackRefused(channel.kind === 'public' ? 'not_in_channel' : 'channel_not_found');
}

export function post(world: World, channel: SlackChannel, content: Content, args: JsonObject = {}): SlackMessage {
  const thread = text(args, 'thread_ts');
  // An own choice of word: Slack's pages name none for a thread whose first message is gone.
  if (thread && !world.findMessage(channel.id, thread)) throw new SlackRefused('thread_not_found');
  const message: SlackMessage = {
    type: 'message',
    ts: world.nextTs(),
    channel: channel.id,
    user: BOT_USER,
    bot_id: BOT,
    app_id: APP,
    text: content.text,
    ...(content.blocks ? { blocks: content.blocks } : {}),
    ...(content.metadata ? { metadata: content.metadata } : {}),
    ...(thread ? { thread_ts: thread } : {}),
    ...(thread && flag(args, 'reply_broadcast') ? { reply_broadcast: true } : {}),
  };
  world.messages.push({ message, states: [{ at: world.now(), text: message.text, blocks: message.blocks }] });
  return message;
}

/** A message as methods and payloads show it. */
export function shownMessage(message: SlackMessage, withMetadata = false): JsonObject {
  const { channel: _, metadata, ...shown } = message;
  const team = { team: 'T0TEAM' };
  return { ...shown, ...team, ...(withMetadata && metadata ? { metadata } : {}) } as JsonObject;
}
