import { HTTP_PATH } from './http-door.ts';
import { neededScopes } from './scopes.ts';
import { SHORTCUTS } from './shortcuts.ts';

/** What Slack tells us of by itself, and the scope that each needs. Source: docs.slack.dev/reference/events. */
export const EVENT_SCOPES = {
  app_home_opened: undefined,
  app_uninstalled: undefined,
  subteam_members_changed: 'usergroups:read',
  subteam_updated: 'usergroups:read',
  tokens_revoked: undefined,
  user_change: 'users:read',
} as const;

const shortcuts = Object.entries(SHORTCUTS).map(([id, { name, type, description }]) => {
  return { name, type, callback_id: id, description };
});

/**
 * The app as Slack makes it from a manifest, with exactly what the code uses.
 * @param host where Slack reaches this server, `https://cml.example.org`; absent: Socket Mode, and nothing is reached.
 */
export function slackManifest(host?: string) {
  const url = host === undefined ? undefined : `${host.replace(/\/+$/, '')}${HTTP_PATH}`;
  const request = url === undefined ? {} : { request_url: url };
  return {
    display_information: {
      name: 'CML Backup',
      description: 'Backs up and restores ML workspaces; people are told before services stop',
      background_color: '#1f3a4d',
    },
    features: {
      app_home: { home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: true },
      bot_user: { display_name: 'cml', always_online: true },
      shortcuts,
      slash_commands: [
        {
          command: '/cml',
          ...(url === undefined ? {} : { url }),
          description: 'Back up and restore ML workspaces',
          usage_hint: 'backup <workspace> | restore <backup> | status | list | help',
          should_escape: true,
        },
      ],
    },
    oauth_config: { scopes: { bot: [...neededScopes] } },
    settings: {
      event_subscriptions: { ...request, bot_events: Object.keys(EVENT_SCOPES) },
      interactivity: { is_enabled: true, ...request },
      org_deploy_enabled: false,
      socket_mode_enabled: url === undefined,
      token_rotation_enabled: false,
    },
  };
}
