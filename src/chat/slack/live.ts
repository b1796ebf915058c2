import { setMaxListeners } from 'node:events';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Budget } from './budget.ts';
import type { Letter, Outbox } from './outbox.ts';

/** Pictures of what runs: each replaces the one before it, and those nobody had time to send are never missed. */
export interface Live {
  /** `draw` is asked for the picture at the moment it is sent. */
  show(key: string, draw: () => Letter): void;
  /** Something else is said in this message now, for good. */
  stop(key: string): void;
  end(): void;
}

const TROUBLE_MS = 15_000;

export function createLive(outbox: Outbox, budget: Budget, { clock, log }: { clock: Clock; log: Log }): Live {
  const pending = new Map<string, () => Letter>();
  const drawing = new Map<string, Promise<void>>();
  const stopped = new Set<string>();
  const ended = new AbortController();
  setMaxListeners(0, ended.signal); // every picture waits with it; Node warns from eleven on

  async function work(key: string): Promise<void> {
    for (;;) {
      const waitMs = budget.waitFor(key);
      if (waitMs > 0) await clock.sleep(waitMs, ended.signal);
      const draw = pending.get(key);
      pending.delete(key);
      if (!draw) return;
      const sent = await outbox.draw(draw());
      if (sent.kind === 'same') continue;
      budget.spend(key);
      if (sent.kind === 'sent') continue;
      budget.pause(sent.kind === 'later' ? sent.afterMs : TROUBLE_MS);
      // What is refused now is refused again until somebody changes something there: the next picture will tell.
      if (sent.kind !== 'refused' && !pending.has(key) && !stopped.has(key)) pending.set(key, draw);
    }
  }

  return {
    show(key, draw) {
      if (ended.signal.aborted || stopped.has(key)) return;
      pending.set(key, draw);
      if (drawing.has(key)) return;
      const working = work(key)
        .catch((err) => {
          if (!ended.signal.aborted) log.error({ err, key }, 'a picture could not be drawn in Slack');
        })
        .finally(() => {
          drawing.delete(key);
        });
      drawing.set(key, working);
    },
    stop(key) {
      stopped.add(key);
      pending.delete(key);
      budget.forget(key);
    },
    end() {
      ended.abort();
      pending.clear();
    },
  };
}
