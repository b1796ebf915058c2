import type { Chat } from './chat/chat.ts';
import { systemClock } from './clock.ts';
import type { Log } from './log.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { createMetricsServer } from './metrics/server.ts';
import type { MetricsSettings } from './metrics/settings.ts';
import type { Orchestrator } from './orchestrator/orchestrator.ts';

/** What is watched, once there is something. */
export interface WatchedWorld {
  readonly orchestrator: Orchestrator;
  readonly chat: Pick<Chat, 'trouble'>;
  readonly onBug: (error: unknown) => void;
  /** When the scheduler last looked. */
  readonly lastTickAt: () => Date | undefined;
}

/** A server that tells how it is, from before it may act to its end. */
export interface Watched {
  /** It may act: recovery begins. */
  use(world: WatchedWorld): void;
  recovered(): void;
  opened(): void;
  /** The doors are closing. */
  closing(): void;
  end(): Promise<void>;
}

/** Loaded only where metrics are configured. */
export function watchServer(settings: MetricsSettings, log: Log): Watched {
  let stage: 'waits to act' | 'recovers' | 'opens its doors' | 'serves' | 'ends' = 'waits to act';
  let world: WatchedWorld | undefined;
  let metrics: Metrics | undefined;
  const server = createMetricsServer({
    ...{ settings, log },
    metrics: () => metrics,
    onBug(error) {
      if (!world) throw error;
      world.onBug(error);
    },
    readiness: () => ({ isReady: stage === 'serves', stage, chat: world?.chat.trouble ?? 'reaches people' }),
  });
  server.begin();
  return {
    use(used) {
      world = used;
      stage = 'recovers';
      metrics = createMetrics({
        ...used,
        clock: systemClock,
        isReady: () => stage === 'serves',
        trouble: () => used.chat.trouble,
      });
    },
    recovered: () => {
      stage = 'opens its doors';
    },
    opened: () => {
      stage = 'serves';
    },
    closing: () => {
      stage = 'ends';
    },
    async end() {
      stage = 'ends';
      await server.close();
      await metrics?.end();
    },
  };
}
