import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Message } from '../chat.ts';
import type { Direct } from './direct.ts';

export interface AnnounceStopOptions {
  readonly direct: Direct;
  readonly clock: Clock;
  readonly log: Log;
  /** Says it in the channel. */
  readonly say: (id: string, stop: Message) => Promise<void>;
  /** The announcement as it stands in the channel; undefined once services stop, or will not. */
  readonly standing: (id: string) => Message | undefined;
  readonly ended: AbortSignal;
}

/** Between two looks for people whom Slack did not name when it was asked, in milliseconds. */
const MISSED_AGAIN_MS = 15_000;
const LONGEST_MISSED_MS = 120_000;

const TOLD = ' whose work ends with it got a message of their own.';

/**
 * Says in the channel that services will stop, then to each person whose work ends with it: those letters say where to
 * look. Then the channel says how many they were.
 */
export function createAnnounceStop({ direct, clock, log, say, standing, ended }: AnnounceStopOptions) {
  const later = (key: string) => (err: unknown) => log.debug({ err, key }, 'it is said later');

  const missing = new Set<string>();

  async function tellPeople(id: string, message: Message) {
    const { told, of: all, isWhole } = await direct.tell(id, message);
    const share = `${told} of ${all} ${all === 1 ? 'person' : 'people'}${TOLD}`;
    const details = (message.details ?? []).filter((detail) => !detail.endsWith(TOLD));
    // They were reached, whether this can be said now or is said later.
    if (all > 0) await say(id, { ...message, details: [...details, share] }).catch(later(id));
    return { told, isWhole };
  }

  /** For as long as services are going to stop, Slack is asked again for those whom it did not name. */
  async function tellMissed(id: string): Promise<void> {
    for (let waitMs = MISSED_AGAIN_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_MISSED_MS)) {
      await clock.sleep(waitMs, ended);
      const stop = standing(id);
      if (!stop || (await tellPeople(id, stop)).isWhole) return;
    }
  }

  return async (id: string, message: Message): Promise<{ readonly reached: number }> => {
    await say(id, message);
    const { told, isWhole } = await tellPeople(id, message);
    if (!isWhole && !missing.has(id)) {
      missing.add(id);
      void tellMissed(id)
        .catch(later(id))
        .finally(() => missing.delete(id));
    }
    return { reached: 1 + told };
  };
}
