import type { Clock } from '../../clock.ts';
import type { Asker } from './reply.ts';

/** Who looked at their home within this time sees it change. */
const WATCHED_MS = 3_600_000;
/** `views.publish` allows about 100 calls a minute for everybody together. */
const MOST_WATCHED = 20;
const PAUSE_MS = 15_000;

/** Redraws the homes of those who look, soon after something changed; never more often than Slack likes. */
export interface HomeKeeper {
  opened(asker: Asker): void;
  changed(): void;
  close(): void;
}

export interface HomeKeeperOptions {
  readonly draw: (asker: Asker) => Promise<void>;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  /** Milliseconds between two drawings. Default 15,000. */
  readonly pauseMs?: number;
}

export function createHomeKeeper({ draw, clock, onError, pauseMs = PAUSE_MS }: HomeKeeperOptions): HomeKeeper {
  const watching = new Map<string, { readonly asker: Asker; readonly at: number }>();
  const closing = new AbortController();
  let isDue = false;
  let isDrawing = false;

  async function drawAll(): Promise<void> {
    while (isDue && !closing.signal.aborted) {
      isDue = false;
      const since = clock.now().getTime() - WATCHED_MS;
      for (const [user, { at }] of watching) if (at < since) watching.delete(user);
      for (const { asker } of [...watching.values()].slice(-MOST_WATCHED)) await draw(asker).catch(onError);
      await clock.sleep(pauseMs, closing.signal).catch(() => undefined);
    }
    isDrawing = false;
  }

  return {
    opened(asker) {
      watching.delete(asker.user);
      watching.set(asker.user, { asker: { user: asker.user, team: asker.team }, at: clock.now().getTime() });
    },
    changed() {
      isDue = true;
      if (isDrawing || watching.size === 0) return;
      isDrawing = true;
      drawAll().catch(onError);
    },
    close: () => closing.abort(),
  };
}
