import { needed, text } from '../args.ts';
import type { JsonObject, SlackPerson } from '../kinds.ts';
import { SlackRefused } from '../refused.ts';
import { TEAM } from '../world.ts';
import type { Methods } from './method.ts';

export const peopleMethods: Methods = {
  'users.info': {
    tier: 4,
    scopes: ['users:read'],
    run: (args, { world, scopes }) => {
      const person = world.people.get(needed(args, 'user', 'user_not_found'));
      if (!person) throw new SlackRefused('user_not_found');
      return { user: shownPerson(person, scopes) };
    },
  },
  'users.lookupByEmail': {
    tier: 3,
    scopes: ['users:read.email'],
    run: (args, { world, scopes }) => {
      const email = needed(args, 'email').toLowerCase();
      const person = [...world.people.values()].find((one) => one.email?.toLowerCase() === email && !one.deleted);
      if (!person) throw new SlackRefused('users_not_found');
      return { user: shownPerson(person, scopes) };
    },
  },
  'users.list': {
    tier: 2,
    scopes: ['users:read'],
    run: (_, { world, scopes }) => ({
      members: [...world.people.values()].map((one) => shownPerson(one, scopes)),
      response_metadata: { next_cursor: '' },
    }),
  },
  'usergroups.list': {
    tier: 2,
    scopes: ['usergroups:read'],
    run: (_, { world }) => ({
      usergroups: [...world.groups].map(([id, { handle, users }]) => ({
        id,
        handle,
        name: handle,
        user_count: users.length,
      })),
    }),
  },
  'usergroups.users.list': {
    tier: 2,
    scopes: ['usergroups:read'],
    run: (args, { world }) => {
      const group = world.groups.get(needed(args, 'usergroup', 'no_such_subteam'));
      if (!group) throw new SlackRefused('no_such_subteam');
      const isThere = (id: string) => !world.people.get(id)?.deleted;
      return { users: text(args, 'include_disabled') === 'true' ? group.users : group.users.filter(isThere) };
    },
  },
};

function shownPerson(person: SlackPerson, scopes: ReadonlySet<string>): JsonObject {
  const { id, name, email, tz = 'Etc/UTC', deleted = false, isBot = false, restricted = false, team = TEAM } = person;
  return {
    id,
    name,
    team_id: team,
    real_name: name,
    deleted,
    is_bot: isBot,
    is_restricted: restricted,
    is_ultra_restricted: false,
    is_stranger: team !== TEAM,
    tz,
    tz_offset: offsetSeconds(tz),
    profile: {
      display_name: name,
      real_name: name,
      // Left out, not refused, when the app may not see it.
      ...(email && scopes.has('users:read.email') ? { email } : {}),
    },
  };
}

function offsetSeconds(timeZone: string): number {
  const now = new Date();
  const read = (zone: string) => new Date(now.toLocaleString('en-US', { timeZone: zone })).getTime();
  return Math.round((read(timeZone) - read('UTC')) / 1000);
}
