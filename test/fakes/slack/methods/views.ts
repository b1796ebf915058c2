import { needed, rich, richObject, text } from '../args.ts';
import { checkBlocks } from '../blocks/check.ts';
import type { JsonObject } from '../kinds.ts';
import { openModal, publishHome, shownView, updateView } from '../modals.ts';
import { SlackRefused } from '../refused.ts';
import type { Methods, Slack } from './method.ts';

export const viewMethods: Methods = {
  'views.open': { tier: 4, run: (args, slack) => open(args, slack, false) },
  'views.push': { tier: 4, run: (args, slack) => open(args, slack, true) },
  'views.update': { tier: 4, run: update },
  'views.publish': {
    tier: 4,
    run: (args, { world }) => {
      const user = needed(args, 'user_id');
      if (!world.people.has(user)) throw new SlackRefused('user_not_found');
      return { view: shownView(publishHome(world, user, rich(args, 'view', 'invalid_arguments'), text(args, 'hash'))) };
    },
  },
  // New, and in no list of tiers; what it answers to wrong blocks was not seen on a real workspace.
  'blocks.validate': {
    tier: 3,
    run: (args) => {
      const message = richObject(args, 'message', 'invalid_arguments');
      const view = richObject(args, 'view', 'invalid_arguments');
      const surface = view ? (view.type === 'home' ? 'home' : 'modal') : 'message';
      const blocks = (view ?? message)?.blocks ?? rich(args, 'blocks', 'invalid_blocks_format');
      if (!Array.isArray(blocks)) throw new SlackRefused('invalid_blocks_format');
      const errors = checkBlocks(blocks, surface).map(asObject);
      if (errors.length > 0) throw new SlackRefused('invalid_blocks', { errors });
      return {};
    },
  },
};

/** The trigger is used up even when the view is refused, so a second try needs a second click. */
function open(args: JsonObject, slack: Slack, onTop: boolean): JsonObject {
  const user = slack.handed.useTrigger(needed(args, 'trigger_id'));
  return { view: shownView(openModal(slack.world, user, rich(args, 'view', 'invalid_arguments'), onTop)) };
}

function update(args: JsonObject, { world }: Slack): JsonObject {
  const name = text(args, 'external_id');
  const id = text(args, 'view_id') ?? '';
  const known = [...world.views.values(), ...world.homes.values()];
  const view = known.find((one) => one.id === id || (name && one.view.external_id === name));
  if (!view) throw new SlackRefused('not_found');
  const hash = text(args, 'hash');
  if (hash !== undefined && hash !== view.hash) throw new SlackRefused('hash_conflict');
  return { view: shownView(updateView(world, view, rich(args, 'view', 'invalid_arguments'))) };
}

function asObject(sentence: string): JsonObject {
  const [, message = sentence, pointer = ''] = /^\[ERROR\] (.*) \[json-pointer:(.*)\]$/.exec(sentence) ?? [];
  return { code: 'invalid_block', message, pointer };
}
