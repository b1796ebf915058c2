import { z } from 'zod';
import { workspaceName } from '../../records/workspace.ts';

const channel = z.string().regex(/^[CG][A-Z0-9]+$/, 'must be the id of a channel, such as C0123ABCD, not its name');

/** Whom a message calls: a person, a user group, or everyone who is there. */
const mention = z
  .union([z.string().regex(/^[UWS][A-Z0-9]+$/), z.enum(['here', 'channel'])])
  .meta({ description: 'the id of a person (U…) or a user group (S…), "here" or "channel"' });

/** `slack:` in cml.yaml; the tokens are in the environment. */
export const slackSettings = z.strictObject({
  /** `socket`: we connect to Slack and nothing needs to be reachable. `http`: Slack connects to us. */
  mode: z.enum(['socket', 'http']).default('socket'),
  /** Only for `http`; a proxy in front of it speaks TLS. */
  port: z.number().int().min(0).max(65_535).default(3_000),
  /** For GovSlack and proxies. */
  apiUrl: z.url().default('https://slack.com/api/'),
  /** The only Slack workspace that is listened to. */
  team: z
    .string()
    .regex(/^(?!E)/, 'names a whole organisation (E…), which is not served: name the workspace (T…) of the app')
    .regex(/^[TE][A-Z0-9]+$/, 'must be the id of a Slack workspace, such as T0123ABCD')
    .optional(),
  /** Where everything is said that has no channel of its own. */
  channel,
  channels: z.record(workspaceName, channel).default({}),
  approvals: z
    .strictObject({
      /** Where requests are shown; the workspace's channel when left out. */
      channel: channel.optional(),
      mention: mention.optional(),
      /** `web`: in Slack nothing is approved, since a stolen account could do it. */
      by: z.enum(['buttons', 'web']).default('buttons'),
    })
    .prefault({}),
  /** Who is called when services stay down or an operation failed. */
  onCall: mention.optional(),
  /** Where the catalog's pages are reached, to link to a backup: `<url>/backups/<id>`. */
  catalogUrl: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
});
export type SlackSettings = z.infer<typeof slackSettings>;

/** The id of a Slack user, as it stands under `people` in cml.yaml. */
export const slackUserId = z.string().regex(/^[UW][A-Z0-9]+$/, 'must be the id of a Slack user, such as U0123ABCD');

/** Who speaks, by Slack's word. */
export interface SlackCaller {
  readonly user: string;
  readonly team: string;
}

/** What Slack gives an app: where it stands in the app's settings is told in docs/slack.md. */
export interface SlackTokens {
  /** `SLACK_BOT_TOKEN`, xoxb-… */
  readonly bot: string;
  /** `SLACK_APP_TOKEN`, xapp-…, for `socket`. */
  readonly app?: string | undefined;
  /** `SLACK_SIGNING_SECRET`, for `http`. */
  readonly signingSecret?: string | undefined;
}

/** The channel that hears of a workspace. */
export function channelOf(
  { channel, channels }: Pick<SlackSettings, 'channel' | 'channels'>,
  workspace: string,
): string {
  return channels[workspace] ?? channel;
}
