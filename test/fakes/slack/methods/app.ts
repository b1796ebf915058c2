import { SlackRefused } from '../refused.ts';
import { APP, BOT, BOT_USER, TEAM, TEAM_DOMAIN } from '../world.ts';
import type { Methods } from './method.ts';

export const appMethods: Methods = {
  'api.test': { tier: 'many', token: 'any', run: (args) => ({ args }) },
  'auth.test': {
    tier: 'many',
    token: 'any',
    run: () => ({
      url: `https://${TEAM_DOMAIN}.slack.com/`,
      team: 'Acme',
      user: 'cml',
      team_id: TEAM,
      user_id: BOT_USER,
      bot_id: BOT,
      is_enterprise_install: false,
    }),
  },
  'apps.connections.open': {
    // Slack's pages and its Java kit disagree between 1 and 3.
    tier: 2,
    token: 'app',
    run: (_, { links }) => {
      if (!links.enabled) throw new SlackRefused('feature_not_enabled');
      return { url: links.newAddress() };
    },
  },
  'team.info': {
    tier: 3,
    scopes: ['team:read'],
    run: () => ({ team: { id: TEAM, name: 'Acme', domain: TEAM_DOMAIN } }),
  },
  'bots.info': {
    tier: 3,
    scopes: ['users:read'],
    run: () => ({ bot: { id: BOT, app_id: APP, user_id: BOT_USER, name: 'cml', deleted: false } }),
  },
};
