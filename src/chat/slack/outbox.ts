import type { WebClient } from '@slack/web-api';
import type { PortError } from '../../errors.ts';
import { createDelivery, type DeliveryOptions } from './delivery.ts';
import type { Rendered } from './render-answer.ts';
import type { Sent } from './send-slot.ts';
import { notSaid } from './slack-trouble.ts';
import type { About, Slot } from './slots.ts';
import { createTurns } from './turns.ts';

/** What is to stand in one message, and where. */
export interface Letter {
  readonly key: string;
  /** A person's account, or what it is of: then the channel is looked up whenever it is sent. */
  readonly to: string | About;
  readonly under?: string | undefined;
  readonly isLoud?: boolean;
  readonly picture: Rendered;
}

/**
 * Says things so that they are said once, whatever happens: what should stand in a message is written down first and tried
 * until it does, over restarts and hours without Slack.
 */
export interface Outbox {
  /**
   * All of them are written down before the first is said, so that no crash leaves some of them out. Resolves when they
   * stand there.
   * @param beside the same, but whoever says it does not mind when these cannot be said now
   * @throws PortError `chat-unavailable`: one of them not now; it is tried again all the same.
   */
  say(letters: Letter | readonly Letter[], beside?: readonly Letter[]): Promise<void>;
  /** The same for a picture that the next one replaces: not written down, tried once. */
  draw(letter: Letter): Promise<Sent>;
  /** What an earlier life left unsaid is said. */
  begin(): void;
  /** Everything that can be said now is said. For a process that ends. */
  settle(): Promise<void>;
  end(): void;
}

export interface OutboxOptions extends DeliveryOptions {
  /** For what has to be said. */
  readonly notify: WebClient;
  /** For pictures of what runs. */
  readonly progress: WebClient;
  /** Told of each message that was said, or edited. */
  readonly onSaid?: () => void;
}

/** Between two rounds over what could not be said, in milliseconds. */
const AGAIN_MS = 5_000;
const LONGEST_AGAIN_MS = 60_000;
/** A pause that Slack asks for is waited out at once when it is no longer than this. */
const SHORT_PAUSE_MS = 10_000;

const YIELD_MS = 1_000;
/** A channel that is gone makes one call in so many milliseconds for each message that it lacks, not one each round. */
const REFUSED_AGAIN_MS = 300_000;

export function createOutbox(options: OutboxOptions): Outbox {
  const { slots, clock, log } = options;
  const { send, isMoved } = createDelivery(options);
  const turns = createTurns();
  const ended = new AbortController();
  let isTrying = false;

  /** A short while ago: Slack would say the same again. */
  const wasRefused = ({ refused, touchedAt }: Slot) =>
    refused !== undefined && clock.now().getTime() - Date.parse(touchedAt) < REFUSED_AGAIN_MS;

  /** Answers why it does not stand there yet. */
  async function sayWanted(slot: Slot): Promise<PortError | undefined> {
    const { key, wanted } = slot;
    const picture = wanted as unknown as Rendered;
    let sent = await send(options.notify, key, picture);
    if (sent.kind === 'later' && sent.afterMs <= SHORT_PAUSE_MS) {
      await clock.sleep(sent.afterMs, ended.signal);
      sent = await send(options.notify, key, picture);
    }
    if (sent.kind === 'sent') {
      options.onSaid?.();
      return undefined;
    }
    const word = sent.kind === 'refused' ? sent.word : sent.kind === 'picture' ? 'invalid_blocks' : undefined;
    if (sent.kind === 'same') {
      await slots.change(key, slot.to, ({ refused: _, wantedSince, wanted: now, ...rest }) =>
        now && now !== wanted ? { ...rest, wanted: now, wantedSince } : rest,
      );
    } else if (word !== undefined && slots.get(key)?.refused !== word) {
      log.warn({ key, word }, 'Slack refused a message');
      await slots.change(key, slot.to, (now) => ({ ...now, refused: word }));
    }
    return sent.kind === 'same' ? undefined : notSaid(key, word);
  }

  /** What is wanted in one thread, in the order it came to be: a later reply never stands before an earlier one. */
  function sayThread(thread: string, isAsked: (slot: Slot) => boolean): Promise<Map<string, PortError>> {
    return turns.take(thread, async () => {
      const problems = new Map<string, PortError>();
      let isAway: PortError | undefined;
      for (const slot of slots.all().filter((one) => one.wanted && threadOf(one) === thread)) {
        if (!isAsked(slot) && wasRefused(slot) && !isMoved(slot)) {
          problems.set(slot.key, notSaid(slot.key, slot.refused));
          continue;
        }
        const problem = isAway ?? (ended.signal.aborted ? notSaid(slot.key, undefined) : await sayWanted(slot));
        if (problem) problems.set(slot.key, problem);
        // What Slack refuses for good keeps nothing waiting behind it.
        if (problem?.retryable) isAway = problem;
      }
      return problems;
    });
  }

  async function tryAll(): Promise<boolean> {
    const threads = new Set(slots.all().flatMap((one) => (one.wanted ? [threadOf(one)] : [])));
    const problems = await Promise.all([...threads].map((thread) => sayThread(thread, () => false)));
    return problems.some(({ size }) => size > 0);
  }

  /** Runs while there is something to say, and then ends until the next thing is said. */
  function keepTrying(): void {
    if (isTrying || ended.signal.aborted) return;
    isTrying = true;
    const rounds = async () => {
      for (let waitMs = AGAIN_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_AGAIN_MS)) {
        await clock.sleep(waitMs, ended.signal);
        if (!(await tryAll())) return;
      }
    };
    rounds()
      .catch((err) => {
        if (!ended.signal.aborted) log.error({ err }, 'what is to be said in Slack could not be tried again');
      })
      .finally(() => {
        isTrying = false;
      });
  }

  const addressOf = ({ to }: Letter) => (typeof to === 'string' ? to : options.channelFor(to));

  async function want(letter: Letter): Promise<void> {
    const wanted = JSON.parse(JSON.stringify(letter.picture));
    const wantedSince = clock.now().toISOString();
    await slots.change(letter.key, addressOf(letter), (slot) => ({ ...addressed(slot, letter), wanted, wantedSince }));
  }

  return {
    async say(said, beside = []) {
      const letters = 'key' in said ? [said] : said;
      const all = [...letters, ...beside];
      await Promise.all(all.map(want));
      const keys = new Set(all.map(({ key }) => key));
      const threads = [...new Set(all.map(threadOf))];
      const told = await Promise.all(threads.map((thread) => sayThread(thread, ({ key }) => keys.has(key))));
      const problems = new Map(told.flatMap((one) => [...one]));
      if (all.some(({ key }) => problems.has(key))) keepTrying();
      for (const { key } of letters) {
        const problem = problems.get(key);
        if (problem) throw problem;
      }
    },
    draw: (letter) =>
      turns.take(letter.under ?? letter.key, async () => {
        if (!slots.get(letter.key)) {
          await slots.change(letter.key, addressOf(letter), (slot) => addressed(slot, letter));
        }
        // What has to be said was decided later than this picture, even if the picture comes to its turn first.
        if (slots.get(letter.key)?.wanted) return { kind: 'later', afterMs: YIELD_MS };
        return send(options.progress, letter.key, letter.picture);
      }),
    begin() {
      void tryAll().then(
        (isLeft) => isLeft && keepTrying(),
        (err) => log.error({ err }, 'what was to be said in Slack could not be said'),
      );
    },
    async settle() {
      await tryAll();
      await turns.done();
    },
    end: () => ended.abort(),
  };
}

function threadOf({ under, key }: Pick<Slot, 'under' | 'key'>): string {
  return under ?? key;
}

/** As a letter asks for it; where it stands already, it stays. */
function addressed(slot: Slot, { to, under, isLoud }: Letter): Slot {
  if (slot.ts !== undefined) return slot;
  const about = typeof to === 'string' ? {} : { about: to };
  return { ...slot, ...about, ...(under ? { under } : {}), ...(isLoud ? { isLoud } : {}) };
}
