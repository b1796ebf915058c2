import type { KnownBlock } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { Log } from '../../log.ts';
import type { Rendered } from './render-answer.ts';

/** Who asked, and where an answer finds them. */
export interface Asker {
  readonly user: string;
  readonly team: string;
  readonly channel?: string | undefined;
  readonly responseUrl?: string | undefined;
  readonly triggerId?: string | undefined;
}

export interface Replies {
  /** Only the asker reads it. Never rejects: what could not be said is logged. */
  toAsker(asker: Asker, rendered: Rendered): Promise<void>;
  /** Everybody in the channel reads it, with the asker's name before it. */
  toChannel(asker: Asker, rendered: Rendered): Promise<void>;
}

export interface RepliesOptions {
  readonly client: WebClient;
  readonly apiUrl: string;
  readonly log: Log;
}

const LIMIT_MS = 10_000;

/** `unknown`: it may have been said. */
type Posted = 'said' | 'refused' | 'unknown';

/** Addresses to answer at come with what was delivered: only Slack's own are written to. */
function isSlacks(url: string, apiUrl: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname, protocol, host } = new URL(url);
  if (host === new URL(apiUrl).host) return true;
  return protocol === 'https:' && (hostname === 'hooks.slack.com' || hostname === 'hooks.slack-gov.com');
}

async function postTo(url: string, message: object): Promise<Posted> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(message),
    redirect: 'error',
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  return response.ok ? 'said' : 'refused';
}

function namedBlocks(user: string, blocks: readonly KnownBlock[]): KnownBlock[] {
  const name = { type: 'user' as const, user_id: user };
  return [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [name] }] }, ...blocks];
}

export function createReplies({ client, apiUrl, log }: RepliesOptions): Replies {
  async function byAddress({ responseUrl }: Asker, message: object): Promise<Posted> {
    if (responseUrl === undefined || !isSlacks(responseUrl, apiUrl)) return 'refused';
    try {
      return await postTo(responseUrl, message);
    } catch (err) {
      log.debug({ err }, 'an answer could not be posted at its address');
      return 'unknown';
    }
  }

  /** Where the address is used up or too old: in the channel, else in a direct message. */
  async function byName({ user, channel }: Asker, { text, blocks }: Rendered): Promise<void> {
    const said = { text, blocks: [...blocks], unfurl_links: false, unfurl_media: false };
    if (channel !== undefined) {
      try {
        await client.chat.postEphemeral({ channel, user, text, blocks: [...blocks] });
        return;
      } catch (err) {
        log.debug({ err }, 'an answer could not be shown in the channel');
      }
    }
    await client.chat.postMessage({ channel: user, ...said });
  }

  async function say(asker: Asker, rendered: Rendered, response: 'ephemeral' | 'in_channel'): Promise<void> {
    const { text, blocks } = rendered;
    const about = { response_type: response, replace_original: false, unfurl_links: false, unfurl_media: false };
    const posted = await byAddress(asker, { ...about, text, blocks });
    // Said twice to one person is better than not at all; to everybody it is not.
    if (posted === 'said' || (posted === 'unknown' && response === 'in_channel')) return;
    // Blocks that Slack does not take lose nothing but their looks.
    if (posted === 'refused' && (await byAddress(asker, { ...about, text })) === 'said') return;
    try {
      await byName(asker, rendered);
    } catch (err) {
      log.warn({ err, user: asker.user }, 'an answer could not be given in Slack');
    }
  }

  return {
    toAsker: (asker, rendered) => say(asker, rendered, 'ephemeral'),
    toChannel: (asker, { text, blocks }) =>
      say(asker, { text: `<@${asker.user}> ${text}`, blocks: namedBlocks(asker.user, blocks) }, 'in_channel'),
  };
}
