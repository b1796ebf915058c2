import { join } from 'node:path';
import type { Chat } from './chat/chat.ts';
import type { SlackDoor } from './chat/slack/door.ts';
import type { SlackSettings, SlackTokens } from './chat/slack/settings.ts';
import { systemClock } from './clock.ts';
import type { Config, Environment } from './config.ts';
import { PortError } from './errors.ts';
import type { Log } from './log.ts';
import type { Orchestrator } from './orchestrator/orchestrator.ts';
import { isGroup } from './records/person.ts';
import type { Request } from './records/request.ts';

/** Slack as the server knows it: something to speak with from the start, and a door to open later. */
export interface Slack {
  readonly chat: Chat;
  /** Of those named as approvers, the people who may decide now. */
  approversNow(approvers: readonly string[]): Promise<string[]>;
  /** cml.yaml was edited. */
  use(config: Pick<Config, 'people' | 'slack'>): void;
  /** Says what an earlier life left unsaid. */
  begin(requests: readonly Request[]): void;
  /** Says what can be said now, and ends. */
  end(): Promise<void>;
  openDoor(orchestrator: Orchestrator, configFor: (word: string) => Promise<Config>): Promise<SlackDoor | undefined>;
}

export interface SlackOptions {
  readonly settings: SlackSettings;
  /** As far as they are known before the configuration was checked: what is recovered is told to who asked for it. */
  readonly people: Readonly<Record<string, { readonly slack?: string | undefined }>>;
  readonly environment: Environment;
  /** The data folder. */
  readonly data: string;
  readonly log: Log;
  readonly onBug: (error: unknown) => void;
}

/** Loaded only where Slack is configured. Never fails: what is wrong with Slack hinders neither boot nor recovery. */
export async function createSlack({ settings, people, environment, data, log, onBug }: SlackOptions): Promise<Slack> {
  const tokens = slackTokens(environment);
  if (!tokens) {
    const problem = 'Nobody is told anything in Slack: SLACK_BOT_TOKEN is not set in the environment of the server.';
    log.warn(problem);
    const nothing = () => undefined;
    return {
      chat: createMuteChat(problem),
      approversNow: async (approvers) => approvers.filter((approver) => !isGroup(approver)),
      use: nothing,
      begin: nothing,
      end: async () => undefined,
      openDoor: async () => undefined,
    };
  }
  const { createSlackClients } = await import('./chat/slack/clients.ts');
  const { createSlackHealth } = await import('./chat/slack/health.ts');
  const health = createSlackHealth(log);
  const clients = createSlackClients({ botToken: tokens.bot, apiUrl: settings.apiUrl, log, health });
  const { createApprovers } = await import('./chat/slack/approvers.ts');
  const { createSlackChat } = await import('./chat/slack/slack-chat.ts');
  let now: Pick<SlackOptions, 'settings' | 'people'> = { settings, people };
  const chat = createSlackChat({
    settings: () => now.settings,
    clients,
    accountOf: (person) => now.people[person]?.slack,
    path: join(data, 'slack-messages.jsonl'),
    clock: systemClock,
    log,
    problem: health.problem,
  });
  const noteTrouble = (error: unknown) => {
    if (!(error instanceof PortError)) return onBug(error);
    health.note('door', [error.message, error.hint].filter(Boolean).join(' '));
  };
  const approvers = createApprovers({
    client: clients.interactive,
    accounts: () => accountsOf(now.people),
    now: Date.now,
    log,
  });
  const forget = (id: string) => {
    approvers.forget(id);
    chat.forget(id);
  };
  let door: SlackDoor | undefined;
  return {
    chat: withChanges(chat, () => door?.homeChanged()),
    approversNow: approvers.deciding,
    use: (config) => {
      now = { settings: config.slack ?? settings, people: config.people };
    },
    begin: chat.begin,
    end: chat.end,
    async openDoor(orchestrator, configFor) {
      const { createSlackDoor } = await import('./chat/slack/door.ts');
      const { createSlackWords } = await import('./main-slack-words.ts');
      const words = createSlackWords(orchestrator, configFor);
      const world = { clients, health, data, clock: systemClock, log, onBug, onChanged: forget };
      try {
        door = createSlackDoor({ ...words, ...world, settings: () => now.settings, tokens });
      } catch (error) {
        noteTrouble(error);
      }
      // In its own time: a Slack that cannot be reached keeps nobody waiting.
      door?.open().catch(noteTrouble);
      return door;
    },
  };
}

/** Whatever is said means that something changed. */
function withChanges(chat: Chat, onChange: () => void): Chat {
  const then = <Said>(said: Said): Said => {
    onChange();
    return said;
  };
  return {
    get weakness() {
      return chat.weakness;
    },
    get trouble() {
      return chat.trouble;
    },
    ...(chat.placeOf ? { placeOf: chat.placeOf } : {}),
    announce: async (message) => then(await chat.announce(message)),
    post: async (message) => then(await chat.post(message)),
    show: (view) => chat.show(view), // a home is no live picture: each drawing looks at every workspace
    showRequest: async (request, message) => then(await chat.showRequest(request, message)),
    page: async (message) => then(await chat.page(message)),
  };
}

/** Names with their Slack accounts. */
export function accountsOf(people: SlackOptions['people']): Record<string, string> {
  const known = Object.entries(people).flatMap(([name, { slack }]) =>
    slack === undefined ? [] : [[name, slack] as const],
  );
  return Object.fromEntries(known);
}

/** Says nothing to anybody, and says so. */
function createMuteChat(trouble: string): Chat {
  const refuse = async (): Promise<never> => {
    throw new PortError('chat-unavailable', trouble, { retryable: true });
  };
  const weakness = 'Slack is configured, but nothing can be said there.';
  return {
    weakness,
    trouble,
    announce: refuse,
    post: refuse,
    show: () => undefined,
    showRequest: refuse,
    page: refuse,
  };
}

/** What the environment holds of Slack. */
export function slackTokens(environment: Environment): SlackTokens | undefined {
  const { SLACK_BOT_TOKEN: bot, SLACK_APP_TOKEN: app, SLACK_SIGNING_SECRET: signingSecret } = environment;
  return bot ? { bot, app, signingSecret } : undefined;
}
