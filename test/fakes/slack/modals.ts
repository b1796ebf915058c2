import { withBlockIds } from './blocks/check.ts';
import type { Json, JsonObject, SlackView } from './kinds.ts';
import { SlackRefused } from './refused.ts';
import { checkView } from './view-check.ts';
import { APP, BOT, TEAM, type World } from './world.ts';

const MAX_STACKED = 3;

/** The windows a person has open, the topmost last. */
export function modalsOf(world: World, user: string): SlackView[] {
  return [...world.views.values()].filter((one) => one.type === 'modal' && one.user === user);
}

export function openModal(world: World, user: string, given: Json | undefined, onTop: boolean): SlackView {
  const view = checkView(given, 'modal');
  refuseKnownName(world, view);
  const open = modalsOf(world, user);
  if (onTop && open.length === 0) throw new SlackRefused('no_parent_view');
  if (onTop && open.length >= MAX_STACKED) throw new SlackRefused('push_limit_reached');
  if (!onTop) for (const one of open) world.views.delete(one.id);
  const id = world.nextId('V');
  const below = onTop ? open.at(-1) : undefined;
  const made: SlackView = {
    id,
    type: 'modal',
    user,
    rootId: below?.rootId ?? id,
    previousId: below?.id,
    hash: newHash(world),
    view: finish(world, view),
  };
  world.views.set(id, made);
  return made;
}

export function updateView(world: World, view: SlackView, given: Json | undefined): SlackView {
  view.view = finish(world, checkView(given, view.type));
  view.hash = newHash(world);
  return view;
}

export function publishHome(world: World, user: string, given: Json | undefined, hash?: string): SlackView {
  const view = checkView(given, 'home');
  const known = world.homes.get(user);
  if (hash !== undefined && known && hash !== known.hash) throw new SlackRefused('hash_conflict');
  if (known) return updateView(world, known, view);
  const id = world.nextId('V');
  const made: SlackView = {
    id,
    type: 'home',
    user,
    rootId: id,
    previousId: undefined,
    hash: newHash(world),
    view: finish(world, view),
  };
  world.homes.set(user, made);
  return made;
}

/** A view as methods and payloads show it. */
export function shownView({ id, rootId, previousId, hash, view }: SlackView): JsonObject {
  return {
    id,
    team_id: TEAM,
    app_id: APP,
    bot_id: BOT,
    private_metadata: '',
    callback_id: '',
    external_id: '',
    ...view,
    hash,
    root_view_id: rootId,
    previous_view_id: previousId ?? null,
    state: { values: {} },
  };
}

function finish(world: World, view: JsonObject): JsonObject {
  const blocks = view.blocks as JsonObject[];
  return { ...view, blocks: withBlockIds(blocks, () => world.nextId('').toLowerCase().slice(-5)) };
}

function newHash(world: World): string {
  return `${Math.floor(world.now() / 1000)}.${world.nextId('h').toLowerCase()}`;
}

function refuseKnownName(world: World, { external_id: name }: JsonObject): void {
  if (name && [...world.views.values()].some(({ view }) => view.external_id === name)) {
    throw new SlackRefused('duplicate_external_id');
  }
}
