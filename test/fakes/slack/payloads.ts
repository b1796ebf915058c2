import type { JsonObject, SlackChannel, SlackPerson } from './kinds.ts';
import { APP, TEAM, TEAM_DOMAIN } from './world.ts';

/** The old shared token that payloads still carry; nobody should look at it. */
const VERIFICATION_TOKEN = 'double-verification-token';

export interface SlashCommand {
  readonly person: SlackPerson;
  readonly channel: SlackChannel;
  readonly command: string;
  readonly text: string;
  readonly triggerId: string;
  readonly responseUrl: string;
}

export function slashCommand({ person, channel, command, text, triggerId, responseUrl }: SlashCommand): JsonObject {
  return {
    token: VERIFICATION_TOKEN,
    team_id: person.team ?? TEAM,
    team_domain: TEAM_DOMAIN,
    channel_id: channel.id,
    channel_name: channel.kind === 'private' ? 'privategroup' : channel.name,
    user_id: person.id,
    user_name: person.name,
    command,
    text,
    api_app_id: APP,
    is_enterprise_install: 'false',
    response_url: responseUrl,
    trigger_id: triggerId,
  };
}

/** What every interaction carries. */
export function interaction(type: string, person: SlackPerson, triggerId: string): JsonObject {
  const team = person.team ?? TEAM;
  return {
    type,
    token: VERIFICATION_TOKEN,
    api_app_id: APP,
    team: { id: team, domain: TEAM_DOMAIN },
    enterprise: null,
    is_enterprise_install: false,
    user: { id: person.id, username: person.name, name: person.name, team_id: team },
    trigger_id: triggerId,
  };
}

export function event(id: string, at: number, content: JsonObject): JsonObject {
  return {
    token: VERIFICATION_TOKEN,
    team_id: TEAM,
    api_app_id: APP,
    type: 'event_callback',
    event: content,
    event_id: id,
    event_time: Math.floor(at / 1000),
    authorizations: [
      { enterprise_id: null, team_id: TEAM, user_id: 'U0CMLBOT', is_bot: true, is_enterprise_install: false },
    ],
    is_ext_shared_channel: false,
  };
}
