import type { WebClient } from '@slack/web-api';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Rendered } from './render-answer.ts';
import { createSender, digestOf, type Sent } from './send-slot.ts';
import type { About, Slot, Slots } from './slots.ts';

export interface DeliveryOptions {
  readonly slots: Slots;
  readonly clock: Clock;
  readonly log: Log;
  /** The channel that cml.yaml names now. */
  readonly channelFor: (about: About) => string;
  /** A plainer picture of the same, for a Slack that does not take this one. */
  readonly plainer: (picture: Rendered) => Rendered | undefined;
}

/** Brings a picture to where it belongs by now, plainly where Slack does not take it as it is. */
export interface Delivery {
  send(client: WebClient, key: string, picture: Rendered): Promise<Sent>;
  /** cml.yaml names another channel for it than the one where it was to be said. */
  isMoved(slot: Slot): boolean;
}

/** So long one message is drawn plainly after Slack refused its picture. */
const PLAIN_MS = 3_600_000;

export function createDelivery({ slots, clock, log, channelFor, plainer }: DeliveryOptions): Delivery {
  const sender = createSender(slots, clock.now);
  const plainUntil = new Map<string, number>();

  const isPlain = (key: string) => clock.now().getTime() < (plainUntil.get(key) ?? 0);

  /** Slack took it without what it had refused: it may know that another day, or in another message. */
  function notePlain(key: string): void {
    const at = clock.now().getTime();
    for (const [other, until] of plainUntil) if (until <= at) plainUntil.delete(other);
    plainUntil.set(key, at + PLAIN_MS);
  }

  async function send(client: WebClient, key: string, picture: Rendered): Promise<Sent> {
    const slot = await readdressed(key);
    const shown = (isPlain(key) && plainer(picture)) || picture;
    if (!slot || (slot.ts !== undefined && slot.digest === digestOf(shown))) return { kind: 'same' };
    const sent = await sender.send(client, slot, shown);
    if (sent.kind === 'gone') return sender.send(client, slots.get(key) ?? slot, shown);
    const plain = sent.kind === 'picture' ? plainer(shown) : undefined;
    if (!plain) return sent;
    log.warn({ key }, 'Slack did not take a picture; plainer ones are shown');
    const plainly = await sender.send(client, slots.get(key) ?? slot, plain);
    if (plainly.kind === 'sent') notePlain(key);
    return plainly;
  }

  /** A reply goes where its thread goes. */
  const isMoved = ({ about, under, to }: Slot) =>
    about !== undefined && under === undefined && channelFor(about) !== to;

  /** What stands nowhere, or where Slack takes no edit, goes where cml.yaml says now; what stands well stays. */
  async function readdressed(key: string): Promise<Slot | undefined> {
    const slot = slots.get(key);
    if (!slot?.about || !isMoved(slot)) return slot;
    const isUnsaid = slot.ts === undefined && slot.sendingSince === undefined;
    if (!isUnsaid && slot.refused === undefined) return slot;
    const to = channelFor(slot.about);
    await slots.change(key, to, ({ channel: _, ts: __, sendingSince: ___, refused: ____, digest: _____, ...now }) => {
      return { ...now, to };
    });
    return slots.get(key);
  }

  return { send, isMoved };
}
