import { createHash } from 'node:crypto';
import type { KnownBlock } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { Rendered } from './render-answer.ts';
import { type Trouble, troubleOf } from './slack-trouble.ts';
import type { Slot, Slots } from './slots.ts';

/** `same`: it stood there already, and nothing was asked of Slack. */
export type Sent = { readonly kind: 'sent' | 'same' } | Trouble;

export function digestOf({ text, blocks }: Rendered): string {
  return createHash('sha256')
    .update(JSON.stringify([text, blocks]))
    .digest('base64url')
    .slice(0, 22);
}

/** Every block names its slot, so that a post whose answer was lost is found again; and is new with every edit. */
function withIds(blocks: readonly KnownBlock[], { key, edits }: Slot): KnownBlock[] {
  return blocks.map((block, index) => ({ ...block, block_id: `${key}#${edits}.${index}` }));
}

/** Room for a clock that is not Slack's, in milliseconds. */
const SKEW_MS = 10 * 60_000;
const PAGE = 200;

interface Found {
  readonly ts?: string;
  readonly blocks?: readonly { readonly block_id?: string }[];
}

/** To be said as a new message. A thread whose first message was removed is gone: what belongs there is said in the open. */
function anew({ ts: _, digest: __, under: ___, ...slot }: Slot): Slot {
  return slot;
}

export interface Sender {
  /** Brings one message of ours to where it should be. One call at a time for one slot. */
  send(client: WebClient, slot: Slot, picture: Rendered): Promise<Sent>;
}

export function createSender(slots: Slots, now: () => Date): Sender {
  async function place(client: WebClient, slot: Slot): Promise<Slot> {
    // A reply stands where its thread does, whatever cml.yaml says by now.
    const thread = slot.under === undefined ? undefined : slots.get(slot.under)?.channel;
    if (thread !== undefined) return { ...slot, channel: thread };
    if (slot.channel !== undefined) return slot;
    if (!/^[UW]/.test(slot.to)) return { ...slot, channel: slot.to };
    const { channel } = await client.conversations.open({ users: slot.to });
    return { ...slot, channel: channel?.id ?? slot.to };
  }

  async function find(client: WebClient, slot: Slot, thread: string | undefined): Promise<string | undefined> {
    const since = Date.parse(slot.sendingSince ?? now().toISOString()) - SKEW_MS;
    const where = { channel: slot.channel ?? slot.to, oldest: String(since / 1_000), limit: PAGE };
    let cursor: string | undefined;
    do {
      const paged = cursor === undefined ? where : { ...where, cursor };
      const answer = thread
        ? await client.conversations.replies({ ...paged, ts: thread })
        : await client.conversations.history(paged);
      const messages = (answer.messages ?? []) as readonly Found[];
      const ours = messages.find(({ blocks }) => blocks?.some(({ block_id }) => block_id?.startsWith(`${slot.key}#`)));
      if (ours?.ts !== undefined) return ours.ts;
      cursor = answer.response_metadata?.next_cursor || undefined;
    } while (cursor !== undefined);
    return undefined;
  }

  /** A search that failed tells nothing of the post: it may stand there, and is looked for again before it is said. */
  async function look(client: WebClient, slot: Slot, thread: string | undefined): Promise<{ ts?: string } | Trouble> {
    try {
      const ts = await find(client, slot, thread);
      return ts === undefined ? {} : { ts };
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble.kind === 'gone') throw error; // nothing can stand in a thread that is not there
      return trouble;
    }
  }

  async function post(client: WebClient, given: Slot, picture: Rendered, thread: string | undefined): Promise<void> {
    const { channel: where = given.to } = await place(client, given);
    // Written before it is done: whoever comes after a crash looks for it instead of saying it twice.
    const sendingSince = given.sendingSince ?? now().toISOString();
    await slots.change(given.key, given.to, (slot) => ({ ...slot, channel: where, sendingSince }));
    const { ts, channel } = await client.chat.postMessage({
      channel: where,
      text: picture.text,
      blocks: withIds(picture.blocks, given),
      unfurl_links: false,
      unfurl_media: false,
      ...(thread === undefined ? {} : { thread_ts: thread, reply_broadcast: given.isLoud === true }),
    } as Parameters<WebClient['chat']['postMessage']>[0]);
    await settle(given, picture, { ts, channel: channel ?? where });
  }

  async function edit(client: WebClient, slot: Slot & { ts: string }, picture: Rendered): Promise<void> {
    const edits = slot.edits + 1;
    await client.chat.update({
      channel: slot.channel ?? slot.to,
      ts: slot.ts,
      text: picture.text,
      blocks: withIds(picture.blocks, { ...slot, edits }),
    });
    await settle(slot, picture, { ts: slot.ts, edits });
  }

  /** What was wanted when this began is overtaken; what came to be wanted meanwhile stays wanted. */
  async function settle(before: Slot, picture: Rendered, now: Partial<Slot>): Promise<void> {
    await slots.change(before.key, before.to, ({ sendingSince: _, refused: __, wantedSince, wanted, ...slot }) => ({
      ...slot,
      ...now,
      digest: digestOf(picture),
      ...(wanted && wanted !== before.wanted ? { wanted, wantedSince } : {}),
    }));
  }

  async function sendOnce(client: WebClient, given: Slot, picture: Rendered): Promise<Sent> {
    const thread = given.under === undefined ? undefined : slots.get(given.under)?.ts;
    if (given.under !== undefined && thread === undefined) return { kind: 'later', afterMs: 1_000 };
    let slot = given;
    if (slot.ts === undefined && slot.sendingSince !== undefined) {
      const found = await look(client, slot, thread);
      if ('kind' in found) return found;
      slot = { ...slot, ...found };
    }
    if (slot.ts === undefined) await post(client, slot, picture, thread);
    else await edit(client, { ...slot, ts: slot.ts }, picture);
    return { kind: 'sent' };
  }

  return {
    async send(client, slot, picture) {
      try {
        return await sendOnce(client, slot, picture);
      } catch (error) {
        const trouble = troubleOf(error);
        if (trouble.kind !== 'unknown') {
          // Slack said no: nothing of it went out that would have to be looked for.
          await slots.change(slot.key, slot.to, ({ sendingSince: _, ...now }) =>
            trouble.kind === 'gone' ? anew(now) : now,
          );
        }
        return trouble;
      }
    },
  };
}
