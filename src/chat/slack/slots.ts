import { copyFileSync } from 'node:fs';
import { z } from 'zod';
import type { Log } from '../../log.ts';
import { moment } from '../../records/time.ts';
import { openSlotFile, type SlotFile } from './slot-file.ts';

/** What stands in a message: `text` says everything on its own. Blocks have no ids yet: those tell which slot it is. */
const picture = z.object({ text: z.string(), blocks: z.array(z.record(z.string(), z.json())) });

/** Messages and requests of a workspace, which cml.yaml names channels for. */
const about = z.object({ workspace: z.string(), isRequest: z.boolean() });
export type About = z.infer<typeof about>;

/** One message of ours in Slack: what should stand there, and what we know of what does. */
const slot = z.object({
  key: z.string(),
  /** A channel, or a person for a direct message. */
  to: z.string(),
  /** What it is of, so that an edit of cml.yaml that names another channel moves what could not be said. */
  about: about.optional(),
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

/** One line of the file: how a slot stands since then, or that it is forgotten. */
const line = z.union([slot, z.object({ key: z.string(), forgotten: z.literal(true) })]);

/** What is older, and settled, is forgotten: nobody edits it any more. */
const KEPT_MS = 30 * 24 * 3_600_000;
/** What Slack did not take for so long is given up: else a channel that is gone would be tried for ever more often. */
const UNSAID_MS = 7 * 24 * 3_600_000;
/** Between two looks for what is old. */
const LOOK_MS = 3_600_000;

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

/**
 * Our messages in Slack, in one file: without it a restart would say everything twice. Each change is one line at its end,
 * since there is one for each edit.
 */
export function createSlots({ path, now, log }: SlotsOptions): Slots {
  const file = openSlotFile(path);
  const slots = readSlots(file, path, log);
  let changed = new Set<string>();
  let writing = Promise.resolve();
  let isWaiting: Promise<void> | undefined;
  let lookedAt = 0;

  function write(): Promise<void> {
    // Those who come while a write waits for its turn share it.
    isWaiting ??= writing
      .catch(() => undefined)
      .then(() => {
        isWaiting = undefined;
        forgetOld();
        const keys = changed;
        changed = new Set();
        return file.append([...keys].map(lineOf), slots.size, () => [...slots.keys()].map(lineOf));
      });
    writing = isWaiting;
    return isWaiting;
  }

  function lineOf(key: string): string {
    return JSON.stringify(slots.get(key) ?? { key, forgotten: true });
  }

  function forgetOld(): void {
    const at = now().getTime();
    if (Math.abs(at - lookedAt) < LOOK_MS) return;
    lookedAt = at;
    for (const [key, { touchedAt, wanted, wantedSince }] of slots) {
      const isOld = wanted
        ? at - Date.parse(wantedSince ?? touchedAt) > UNSAID_MS
        : at - Date.parse(touchedAt) > KEPT_MS;
      if (!isOld) continue;
      slots.delete(key);
      changed.add(key);
      if (wanted) log.warn({ key, text: wanted.text }, 'a message that Slack did not take for a week is given up');
    }
  }

  return {
    get: (key) => slots.get(key),
    all: () => [...slots.values()],
    change(key, to, change) {
      const touchedAt = now().toISOString();
      slots.set(key, { ...change(slots.get(key) ?? { key, to, edits: 0, touchedAt }), touchedAt });
      changed.add(key);
      return write();
    },
  };
}

function readSlots(file: SlotFile, path: string, log: Log): Map<string, Slot> {
  const slots = new Map<string, Slot>();
  let unreadable: unknown;
  for (const text of file.lines) {
    try {
      const read = line.parse(JSON.parse(text));
      if ('forgotten' in read) slots.delete(read.key);
      else slots.set(read.key, read);
    } catch (err) {
      unreadable ??= err;
    }
  }
  if (unreadable !== undefined) {
    // Messages are views: at worst one is said twice. The records do not depend on it.
    copyFileSync(path, `${path}.unreadable`);
    file.renew();
    log.warn({ err: unreadable, path }, 'some of what was said in Slack could not be read; the file was copied aside');
  }
  return slots;
}
