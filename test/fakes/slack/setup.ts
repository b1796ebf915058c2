import type { SlackChannel, SlackPerson } from './kinds.ts';
import { channelOf } from './typing.ts';
import { BOT_USER, type World } from './world.ts';

/** Who and what there is in the workspace. */
export interface Setup {
  readonly people: {
    add(person: SlackPerson): SlackPerson;
    /** From now on nothing reaches them. */
    deactivate(id: string): void;
  };
  /** What the ids of people, channels and user groups stand for. */
  names(): Readonly<Record<string, string>>;
  readonly channels: {
    /** The app is in it, and those named; everyone when none is. */
    add(channel: Partial<SlackChannel> & { readonly name: string; readonly people?: readonly string[] }): SlackChannel;
    archive(id: string): void;
    /** The app is taken out. */
    removeApp(id: string): void;
  };
  readonly groups: { set(id: string, users: readonly string[], handle?: string): void };
}

export function createSetup(world: World): Setup {
  return {
    people: createPeople(world),
    names: () => namesOf(world),
    channels: createChannels(world),
    groups: { set: (id, users, handle = id) => void world.groups.set(id, { handle, users }) },
  };
}

function createPeople(world: World): Setup['people'] {
  return {
    add: (person) => {
      world.people.set(person.id, person);
      for (const one of world.channels.values()) if (one.isForAll) one.members.add(person.id);
      return person;
    },
    deactivate: (id) => {
      const person = world.people.get(id);
      if (person) world.people.set(id, { ...person, deleted: true });
    },
  };
}

function createChannels(world: World): Setup['channels'] {
  return {
    add: ({ name, people = [], ...given }) => {
      const isForAll = people.length === 0;
      const channel: SlackChannel = {
        id: world.nextId('C'),
        name,
        kind: 'public',
        archived: false,
        isForAll,
        members: new Set(isForAll ? world.people.keys() : [BOT_USER, ...people]),
        ...given,
      };
      world.channels.set(channel.id, channel);
      return channel;
    },
    archive: (id) => {
      channelOf(world, id).archived = true;
    },
    removeApp: (id) => {
      channelOf(world, id).members.delete(BOT_USER);
    },
  };
}

function namesOf({ people, channels, groups }: World): Readonly<Record<string, string>> {
  const named = [...people.values(), ...channels.values()].map(({ id, name }) => [id, name] as const);
  return Object.fromEntries([...named, ...[...groups].map(([id, { handle }]) => [id, handle] as const)]);
}
