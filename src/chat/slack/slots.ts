import { readFileSync, renameSync } from 'node:fs';
import { z } from 'zod';
import { writeDurably } from '../../durable-file.ts';
import type { Log } from '../../log.ts';
import { moment } from '../../records/time.ts';

/** What stands in a message: `text` says everything on its own. Blocks have no ids yet: those tell which slot it is. */
const picture = z.object({ text: z.string(), blocks: z.array(z.record(z.string(), z.json())) });

/** One message of ours in Slack: what should stand there, and what we know of what does. */
const slot = z.object({
  key: z.string(),
  /** A channel, or a person for a direct message. */
  to: z.string(),
  /** The key of the message whose thread it stands in. */
  under: z.string().optional(),
  /** A reply that everybody in the channel shall see. */
  isLoud: z.boolean().optional(),
  /** Where it stands: for a direct message not what it was sent to. */
  channel: z.string().optional(),
  ts: z.string().optional(),
  /** A first post may have gone out whose answer we never had; looked for before it is posted again. */
  sendingSince: moment.optional(),
  /** What should stand there and does not yet; absent: it does. */
  wanted: picture.optional(),
  /** Since when. */
  wantedSince: moment.optional(),
  /** Of the picture that Slack took last. */
  digest: z.string().optional(),
  /** Block ids have to be new with each edit. */
  edits: z.number().int().default(0),
  /** Slack's word for why it does not take it; tried again now and then, since somebody may change that there. */
  refused: z.string().optional(),
  touchedAt: moment,
});
export type Slot = z.infer<typeof slot>;

const file = z.object({ schema: z.literal(1), slots: z.array(slot) });

/** What is older, and settled, is forgotten: nobody edits it any more. */
const KEPT_MS = 30 * 24 * 3_600_000;
/** What Slack did not take for so long is given up: else a channel that is gone would be tried for ever more often. */
const UNSAID_MS = 7 * 24 * 3_600_000;

export interface Slots {
  get(key: string): Slot | undefined;
  all(): readonly Slot[];
  /**
   * Changes it at once, from what it is at that moment (a new one when there is none); resolves when the change would
   * survive a crash.
   */
  change(key: string, to: string, change: (slot: Slot) => Slot): Promise<void>;
}

export interface SlotsOptions {
  readonly path: string;
  readonly now: () => Date;
  readonly log: Log;
}

/** Our messages in Slack, in one small file: without it a restart would say everything twice. */
export function createSlots({ path, now, log }: SlotsOptions): Slots {
  const slots = new Map(read(path, log).map((one) => [one.key, one]));
  let writing = Promise.resolve();
  let isWaiting: Promise<void> | undefined;

  function write(): Promise<void> {
    // Those who come while a write waits for its turn share it.
    isWaiting ??= writing
      .catch(() => undefined)
      .then(() => {
        isWaiting = undefined;
        forgetOld();
        return writeDurably(path, `${JSON.stringify({ schema: 1, slots: [...slots.values()] })}\n`);
      });
    writing = isWaiting;
    return isWaiting;
  }

  function forgetOld(): void {
    const at = now().getTime();
    for (const [key, { touchedAt, wanted, wantedSince }] of slots) {
      const isOld = wanted
        ? at - Date.parse(wantedSince ?? touchedAt) > UNSAID_MS
        : at - Date.parse(touchedAt) > KEPT_MS;
      if (!isOld) continue;
      slots.delete(key);
      if (wanted) log.warn({ key, text: wanted.text }, 'a message that Slack did not take for a week is given up');
    }
  }

  return {
    get: (key) => slots.get(key),
    all: () => [...slots.values()],
    change(key, to, change) {
      const touchedAt = now().toISOString();
      slots.set(key, { ...change(slots.get(key) ?? { key, to, edits: 0, touchedAt }), touchedAt });
      return write();
    },
  };
}

function read(path: string, log: Log): Slot[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  try {
    return file.parse(JSON.parse(text)).slots;
  } catch (err) {
    // Messages are views: at worst one is said twice. The records do not depend on it.
    renameSync(path, `${path}.unreadable`);
    log.warn({ err, path }, 'what was said in Slack could not be read and was set aside');
    return [];
  }
}
