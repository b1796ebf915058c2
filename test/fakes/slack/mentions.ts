import { isObject } from './args.ts';
import type { Json, JsonObject } from './kinds.ts';

/** Who gets a notification from a message: `<@U1>`, `<!subteam^S1>`, `<!here>` and the like, wherever they stand. */
export function mentionsIn(message: { readonly text: string; readonly blocks?: readonly JsonObject[] }): string[] {
  const texts = message.blocks ? (message.blocks as readonly Json[]).flatMap(mrkdwnIn) : [message.text];
  const written = texts.flatMap(
    (text) => text.match(/<(?:@[UW]\w+|!subteam\^S\w+|!(?:here|channel|everyone))(?:\|[^>]*)?>/g) ?? [],
  );
  return [
    ...new Set([
      ...written.map((one) => one.replace(/\|.*>/, '>')),
      ...((message.blocks ?? []) as Json[]).flatMap(richIn),
    ]),
  ];
}

function mrkdwnIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(mrkdwnIn);
  if (!isObject(value)) return [];
  if ((value.type === 'mrkdwn' || value.type === 'markdown') && typeof value.text === 'string') return [value.text];
  return Object.values(value).flatMap(mrkdwnIn);
}

function richIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(richIn);
  if (!isObject(value)) return [];
  if (value.type === 'user') return [`<@${value.user_id}>`];
  if (value.type === 'usergroup') return [`<!subteam^${value.usergroup_id}>`];
  if (value.type === 'broadcast') return [`<!${value.range}>`];
  return Object.values(value).flatMap(richIn);
}
