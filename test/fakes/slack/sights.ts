import type { Ephemeral, SlackMessage, SlackView } from './kinds.ts';
import { modalsOf } from './modals.ts';
import { removeMessage } from './responses.ts';
import { channelOf } from './typing.ts';
import type { Kept, World } from './world.ts';

/** What stands where, as people see it. */
export interface Sights {
  /** Root messages and broadcast replies, oldest first; copies. */
  history(channel: string): SlackMessage[];
  /** The root and its replies, oldest first; copies. */
  thread(channel: string, ts: string): SlackMessage[];
  /** Everything a message showed, oldest first. */
  states(channel: string, ts: string): Kept['states'];
  ephemerals(user: string): Ephemeral[];
  /** What the app wrote to a person directly. */
  dms(user: string): SlackMessage[];
  /** The windows somebody has open, the topmost last; and their Home tab. */
  modals(user: string): SlackView[];
  home(user: string): SlackView | undefined;
  /** Somebody removes a message by hand. */
  removeMessage(channel: string, ts: string): void;
}

export function createSights(world: World): Sights {
  const inChannel = (given: string) => {
    const { id } = channelOf(world, given);
    return world.messages.map(({ message }) => message).filter(({ channel }) => channel === id);
  };
  const isRoot = ({ thread_ts: thread, ts, reply_broadcast: shown }: SlackMessage) => !thread || thread === ts || shown;
  return {
    history: (channel) => structuredClone(inChannel(channel).filter(isRoot)),
    thread: (channel, root) =>
      structuredClone(inChannel(channel).filter(({ ts, thread_ts: thread }) => ts === root || thread === root)),
    states: (channel, ts) => structuredClone(world.findMessage(channelOf(world, channel).id, ts)?.states ?? []),
    ephemerals: (user) => structuredClone(world.ephemerals.filter((one) => one.user === user)),
    dms: (user) => structuredClone(inChannel(world.directChannel(user).id)),
    modals: (user) => structuredClone(modalsOf(world, user)),
    home: (user) => structuredClone(world.homes.get(user)),
    removeMessage: (channel, ts) => removeMessage(world, channelOf(world, channel).id, ts),
  };
}
