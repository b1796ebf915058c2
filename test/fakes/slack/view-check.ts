import { z } from 'zod';
import { isObject } from './args.ts';
import { checkBlocks, problem, say } from './blocks/check.ts';
import { id, plain } from './blocks/texts.ts';
import type { Json, JsonObject } from './kinds.ts';
import { SlackRefused } from './refused.ts';

const MAX_BYTES = 250_000;

const both = {
  blocks: z.array(z.unknown()),
  private_metadata: z.string().max(3000).optional(),
  callback_id: id,
  external_id: id,
};
const modal = z.strictObject({
  ...both,
  type: z.literal('modal'),
  title: plain(24),
  submit: plain(24).optional(),
  close: plain(24).optional(),
  clear_on_close: z.boolean().optional(),
  notify_on_close: z.boolean().optional(),
  submit_disabled: z.boolean().optional(),
});
const home = z.strictObject({ ...both, type: z.literal('home') });

/** Refuses a view that Slack would not show. */
export function checkView(given: Json | undefined, kind: 'modal' | 'home'): JsonObject {
  if (!isObject(given)) throw refusedView([problem('must provide an object', '/view')]);
  if (JSON.stringify(given).length > MAX_BYTES) throw new SlackRefused('view_too_large');
  const parsed = (kind === 'modal' ? modal : home).safeParse(given);
  if (!parsed.success) throw refusedView(parsed.error.issues.map((issue) => say(issue, '/view')));
  const blocks = given.blocks as JsonObject[];
  const problems = checkBlocks(blocks, kind, '/view/blocks');
  if (problems.length > 0) throw refusedView(problems);
  if (kind === 'modal' && !given.submit && blocks.some(({ type }) => type === 'input')) {
    throw refusedView([problem('missing required field: submit', '/view')]);
  }
  return given;
}

function refusedView(messages: readonly string[]): SlackRefused {
  return new SlackRefused('invalid_arguments', { response_metadata: { messages } });
}
