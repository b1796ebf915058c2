import { z } from 'zod';
import type { Asker } from './reply.ts';
import type { SubmittedView } from './submissions.ts';

/** Of what Slack delivers, only what we look at; everything else may change. */
const id = z.looseObject({ id: z.string() });

const command = z.looseObject({
  user_id: z.string(),
  team_id: z.string(),
  channel_id: z.string(),
  text: z.string().default(''),
  response_url: z.string().optional(),
  trigger_id: z.string(),
});

export interface IncomingCommand {
  readonly asker: Asker;
  readonly line: string;
  /** The same for every delivery of the same line. */
  readonly key: string;
}

export function readCommand(body: unknown): IncomingCommand {
  const { user_id: user, team_id: team, channel_id: channel, text, response_url, trigger_id } = command.parse(body);
  const asker = { user, team, channel, responseUrl: response_url, triggerId: trigger_id };
  return { asker, line: text, key: `command:${trigger_id}` };
}

const interaction = z.looseObject({
  user: z.looseObject({ id: z.string(), team_id: z.string().optional() }),
  team: id.nullish(),
  channel: id.nullish(),
  response_url: z.string().optional(),
  trigger_id: z.string().optional(),
});

/** The person's own team comes first: in a shared channel it may be another one than the app's. */
function askerOf(body: unknown): Asker {
  const { user, team, channel, response_url, trigger_id } = interaction.parse(body);
  const asker = { user: user.id, team: user.team_id ?? team?.id ?? '' };
  return { ...asker, channel: channel?.id, responseUrl: response_url, triggerId: trigger_id };
}

const press = z.looseObject({
  actions: z
    .array(
      z.looseObject({
        action_id: z.string(),
        action_ts: z.string().optional(),
        value: z.string().optional(),
        selected_option: z.looseObject({ value: z.string() }).nullish(),
      }),
    )
    .min(1),
  view: z.looseObject({ id: z.string(), type: z.string(), private_metadata: z.string().default('') }).optional(),
});

export interface IncomingPress {
  readonly asker: Asker;
  readonly actionId: string;
  readonly value: string | undefined;
  /** The modal it was pressed in, and what that remembers. */
  readonly modal: { readonly id: string; readonly memory: string } | undefined;
  readonly isOnHome: boolean;
  readonly key: string;
}

export function readPress(body: unknown): IncomingPress {
  const { actions, view } = press.parse(body);
  const asker = askerOf(body);
  const [first] = actions;
  const actionId = first?.action_id ?? '';
  return {
    asker,
    actionId,
    value: first?.value ?? first?.selected_option?.value,
    modal: view?.type === 'modal' ? { id: view.id, memory: view.private_metadata } : undefined,
    isOnHome: view?.type === 'home',
    key: `press:${first?.action_ts}:${asker.user}:${actionId}`,
  };
}

const submission = z.looseObject({
  view: z.looseObject({
    id: z.string(),
    callback_id: z.string().default(''),
    private_metadata: z.string().default(''),
    hash: z.string().optional(),
    state: z.looseObject({ values: z.unknown() }).optional(),
  }),
});

export interface IncomingSubmission {
  readonly asker: Asker;
  readonly view: SubmittedView;
  readonly key: string;
}

export function readSubmitted(body: unknown): IncomingSubmission {
  const { view } = submission.parse(body);
  const asker = askerOf(body);
  return {
    asker,
    view: { id: view.id, callbackId: view.callback_id, memory: view.private_metadata, values: view.state?.values },
    key: `view:${view.id}:${view.hash ?? ''}:${asker.triggerId ?? ''}`,
  };
}

export interface IncomingShortcut {
  readonly asker: Asker;
  readonly callbackId: string;
  /** The message it was chosen on, if it is one of messages. */
  readonly message: unknown;
  readonly key: string;
}

export function readShortcut(body: unknown): IncomingShortcut {
  const { callback_id: callbackId, message } = z
    .looseObject({ callback_id: z.string(), message: z.unknown().optional() })
    .parse(body);
  const asker = askerOf(body);
  return { asker, callbackId, message, key: `shortcut:${asker.triggerId ?? ''}` };
}

const homeOpened = z.looseObject({
  team_id: z.string().optional(),
  event_id: z.string(),
  event: z.looseObject({ user: z.string(), tab: z.string().optional() }),
});

export interface IncomingHome {
  readonly asker: Asker;
  readonly tab: string;
  readonly key: string;
}

export function readHomeOpened(body: unknown): IncomingHome {
  const { team_id: team = '', event_id, event } = homeOpened.parse(body);
  return { asker: { user: event.user, team }, tab: event.tab ?? 'home', key: `event:${event_id}` };
}

const changed = z.looseObject({
  event: z.looseObject({ user: id.optional(), subteam_id: z.string().optional(), subteam: id.optional() }),
});

/** The account or user group that is otherwise now. */
export function readChanged(body: unknown): string | undefined {
  const { user, subteam_id, subteam } = changed.parse(body).event;
  return user?.id ?? subteam_id ?? subteam?.id;
}
