import type { Chat } from './chat/chat.ts';
import { systemClock } from './clock.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics/metrics.ts';
import { createMetricsServer } from './metrics/server.ts';
import type { MetricsSettings } from './metrics/settings.ts';
import type { Orchestrator } from './orchestrator/orchestrator.ts';

/** A server that tells how it is, from before its recovery to its end. */
export interface Watched {
  recovered(): void;
  opened(): void;
  end(): Promise<void>;
}

export interface WatchedWorld {
  readonly orchestrator: Orchestrator;
  readonly chat: Pick<Chat, 'trouble'>;
  readonly log: Log;
  readonly onBug: (error: unknown) => void;
  readonly lastTickAt: () => Date | undefined;
}

/** Loaded only where metrics are configured. */
export function watchServer(
  settings: MetricsSettings,
  { orchestrator, chat, log, onBug, lastTickAt }: WatchedWorld,
): Watched {
  let isRecovered = false;
  let isOpen = false;
  const trouble = () => chat.trouble;
  const isReady = () => isRecovered && isOpen;
  const metrics = createMetrics({ orchestrator, clock: systemClock, isReady, trouble, onBug, lastTickAt });
  const server = createMetricsServer({
    ...{ settings, metrics, log, onBug },
    readiness: () => ({
      isReady: isReady(),
      recovery: isRecovered ? 'over' : 'under way',
      doors: isOpen ? 'open' : 'closed',
      chat: trouble() ?? 'reaches people',
    }),
  });
  server.begin();
  return {
    recovered: () => {
      isRecovered = true;
    },
    opened: () => {
      isOpen = true;
    },
    async end() {
      isOpen = false;
      await server.close();
      await metrics.end();
    },
  };
}
