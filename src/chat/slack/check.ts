import { ErrorCode, WebClient } from '@slack/web-api';
import type { Log } from '../../log.ts';
import { createSlackLogger, type SlackClients } from './clients.ts';
import { sampleBlocks } from './sample.ts';
import { neededScopes } from './scopes.ts';
import type { SlackSettings, SlackTokens } from './settings.ts';

/** What `cml slack check` found. */
export interface SlackFinding {
  readonly about: string;
  readonly state: 'good' | 'warning' | 'bad';
  readonly says: string;
}

export interface SlackCheckOptions {
  readonly settings: SlackSettings;
  readonly tokens: SlackTokens;
  /** Name to Slack account. */
  readonly people: Readonly<Record<string, string>>;
  readonly clients: Pick<SlackClients, 'notify'>;
  readonly log: Log;
}

/** Slack's word for why a call was refused; undefined when there was no answer. */
function wordOf(error: unknown): string | undefined {
  const { code, data } = error as { code?: string; data?: { error?: string } };
  if (code === ErrorCode.PlatformError) return data?.error ?? 'no reason';
  return undefined;
}

function refusalOf(error: unknown): string {
  const word = wordOf(error);
  if (word !== undefined) return `Slack refuses it: ${word}.`;
  return `Slack does not answer: ${error instanceof Error ? error.message : String(error)}`;
}

async function finding(about: string, look: () => Promise<string>): Promise<SlackFinding> {
  try {
    return { about, state: 'good', says: await look() };
  } catch (error) {
    return {
      about,
      state: 'bad',
      says: error instanceof Wrong ? error.message : refusalOf(error),
    };
  }
}

/** Something that Slack answers, and that will not do. */
class Wrong extends Error {}

async function checkBot({ settings, clients }: SlackCheckOptions): Promise<SlackFinding[]> {
  let granted: readonly string[] | undefined;
  const token = await finding('bot token', async () => {
    const { team, team_id, user, is_enterprise_install, response_metadata } = await clients.notify.auth.test();
    granted = response_metadata?.scopes;
    if (is_enterprise_install) {
      throw new Wrong('The app is installed for a whole organisation: install it in the one workspace it shall serve.');
    }
    if (settings.team !== undefined && settings.team !== team_id) {
      throw new Wrong(
        `It is of the Slack workspace ${team_id} (${team}); slack.team in cml.yaml names ${settings.team}.`,
      );
    }
    return `${user} in ${team} (${team_id})`;
  });
  if (!granted) return [token];
  const lacking = neededScopes.filter((scope) => !granted?.includes(scope));
  const spare = granted.filter((scope) => !neededScopes.includes(scope));
  const says = `The app lacks ${lacking.join(', ')}: add what slack-manifest.json has and install it again.`;
  if (lacking.length > 0) return [token, { about: 'scopes', state: 'bad', says }];
  if (spare.length > 0)
    return [token, { about: 'scopes', state: 'warning', says: `It may do more than it needs: ${spare.join(', ')}.` }];
  return [token, { about: 'scopes', state: 'good', says: `exactly the ${neededScopes.length} that are needed` }];
}

async function checkWay({ settings, tokens, log }: SlackCheckOptions): Promise<SlackFinding> {
  if (settings.mode === 'http') {
    return tokens.signingSecret
      ? {
          about: 'signing secret',
          state: 'good',
          says: `set; Slack has to reach port ${settings.port} at /slack/events`,
        }
      : { about: 'signing secret', state: 'bad', says: 'SLACK_SIGNING_SECRET is not set.' };
  }
  return finding('app token', async () => {
    if (!tokens.app) throw new Wrong('SLACK_APP_TOKEN is not set.');
    const client = new WebClient(tokens.app, {
      slackApiUrl: settings.apiUrl,
      logger: createSlackLogger(log),
      timeout: 10_000,
      retryConfig: { retries: 0 },
    });
    await client.apps.connections.open();
    return 'Socket Mode may be used';
  });
}

function checkChannels({ settings, clients }: SlackCheckOptions): Promise<SlackFinding[]> {
  const { channel, channels, approvals } = settings;
  const ids = [...new Set([channel, ...Object.values(channels), ...(approvals.channel ? [approvals.channel] : [])])];
  return Promise.all(ids.map((id) => finding(`channel ${id}`, () => checkChannel(clients.notify, id))));
}

async function checkChannel(client: WebClient, id: string): Promise<string> {
  const { channel } = await client.conversations.info({ channel: id });
  if (channel?.is_archived) throw new Wrong(`#${channel.name} is archived.`);
  if (!channel?.is_member) throw new Wrong(`The app is not in #${channel?.name}: invite it there, /invite @cml.`);
  return `#${channel.name}`;
}

function checkMentions({ settings, clients }: SlackCheckOptions): Promise<SlackFinding[]> {
  const { approvals, onCall } = settings;
  const named = [['slack.approvals.mention', approvals.mention] as const, ['slack.onCall', onCall] as const];
  return Promise.all(
    named.flatMap(([about, id]) => (id === undefined ? [] : [finding(about, () => checkMention(clients.notify, id))])),
  );
}

async function checkMention(client: WebClient, id: string): Promise<string> {
  if (id === 'here' || id === 'channel') return `everyone (${id})`;
  if (!id.startsWith('S')) return checkPerson(client, id);
  const { users = [] } = await client.usergroups.users.list({ usergroup: id });
  if (users.length === 0) throw new Wrong(`Nobody is in the group ${id}.`);
  return `a group of ${users.length}`;
}

function checkPeople({ people, clients }: SlackCheckOptions): Promise<SlackFinding[]> {
  const known = Object.entries(people);
  return Promise.all(known.map(([name, id]) => finding(`people.${name}`, () => checkPerson(clients.notify, id))));
}

async function checkPerson(client: WebClient, id: string): Promise<string> {
  const { user } = await client.users.info({ user: id });
  if (user?.deleted) throw new Wrong(`The account ${id} is deactivated.`);
  if (user?.is_bot) throw new Wrong(`The account ${id} is an app's, not a person's.`);
  return `${user?.real_name ?? user?.name ?? id}`;
}

async function checkBlocks({ clients }: SlackCheckOptions): Promise<SlackFinding> {
  const found = await finding('messages', async () => {
    await clients.notify.blocks.validate({ message: { blocks: sampleBlocks() } });
    return 'Slack takes our messages as they are drawn';
  });
  // A younger method than the others: where there is none, nothing is known.
  return found.says.includes('unknown_method') ? { ...found, state: 'warning' } : found;
}

/** Looks at everything that Slack has to allow; says nothing to anybody there. */
export async function checkSlack(options: SlackCheckOptions): Promise<SlackFinding[]> {
  const [bot, way, ...others] = await Promise.all([
    checkBot(options),
    checkWay(options),
    checkChannels(options),
    checkMentions(options),
    checkPeople(options),
    checkBlocks(options),
  ]);
  return [...bot, way, ...others.flat()];
}
