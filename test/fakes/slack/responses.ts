import { isObject } from './args.ts';
import type { ResponsePlace } from './handed.ts';
import type { Ephemeral, JsonObject } from './kinds.ts';
import type { Slack } from './methods/method.ts';
import { type Content, post, readContent } from './posting.ts';
import { SlackRefused } from './refused.ts';
import type { World } from './world.ts';

/** What an app says in its acknowledgement or at a `response_url`; returns what became of it. */
export function respond(body: JsonObject, place: ResponsePlace, slack: Slack): Ephemeral | undefined {
  const { world } = slack;
  const source = place.source;
  if (body.delete_original === true && source) {
    removeMessage(world, source.channel, source.ts);
    return undefined;
  }
  const content = readContent(body, slack);
  if (body.replace_original === true && source) return replace(world, source, content);
  const channel = world.channels.get(place.channel);
  if (!channel) throw new SlackRefused('channel_not_found');
  if (channel.archived) throw new SlackRefused('is_archived');
  const thread = typeof body.thread_ts === 'string' ? body.thread_ts : place.thread;
  if (body.response_type === 'in_channel') {
    post(world, channel, content, thread ? { thread_ts: thread } : {});
    return undefined;
  }
  const said: Ephemeral = {
    ts: world.nextTs(),
    channel: channel.id,
    user: place.user,
    ...shown(content),
    ...(thread ? { thread_ts: thread } : {}),
  };
  world.ephemerals.push(said);
  return said;
}

function replace(world: World, source: { channel: string; ts: string }, content: Content): Ephemeral | undefined {
  const kept = world.findMessage(source.channel, source.ts);
  const ephemeral = world.ephemerals.find(({ channel, ts }) => channel === source.channel && ts === source.ts);
  const target = kept?.message ?? ephemeral;
  if (!target) throw new SlackRefused('message_not_found');
  target.text = content.text;
  if (content.blocks) target.blocks = content.blocks;
  else delete target.blocks;
  kept?.states.push({ at: world.now(), text: content.text, blocks: content.blocks });
  return ephemeral;
}

export function removeMessage(world: World, channel: string, ts: string): void {
  const at = world.messages.findIndex(({ message }) => message.channel === channel && message.ts === ts);
  if (at >= 0) world.messages.splice(at, 1);
  const seen = world.ephemerals.findIndex((one) => one.channel === channel && one.ts === ts);
  if (seen >= 0) world.ephemerals.splice(seen, 1);
}

function shown({ text, blocks }: Content): { text: string; blocks?: readonly JsonObject[] } {
  return blocks ? { text, blocks } : { text };
}

/** An acknowledgement that is to be read: Slack takes bare text too. */
export function readableAck(ack: JsonObject | undefined): JsonObject | undefined {
  if (!ack || !isObject(ack)) return undefined;
  return typeof ack.text === 'string' || ack.blocks !== undefined ? ack : undefined;
}
