import type { SlackSettings } from './chat/slack/settings.ts';
import type { Log } from './log.ts';
import type { Watched } from './main-metrics.ts';
import type { SchedulesOptions } from './main-schedules.ts';
import type { Slack, SlackOptions } from './main-slack.ts';
import type { Web, WebOptions } from './main-web.ts';
import type { MetricsSettings } from './metrics/settings.ts';
import type { Scheduler } from './schedule/scheduler.ts';
import type { WebSettings } from './web/settings.ts';

/** Its libraries are loaded only where they are needed. */
export async function createSlackIfConfigured({
  settings,
  ...options
}: Omit<SlackOptions, 'settings'> & { settings: SlackSettings | undefined }): Promise<Slack | undefined> {
  if (!settings) return undefined;
  const { createSlack } = await import('./main-slack.ts');
  return createSlack({ settings, ...options });
}

export async function createWebIfConfigured({
  settings,
  ...options
}: Omit<WebOptions, 'settings'> & { settings: WebSettings | undefined }): Promise<Web | undefined> {
  if (!settings) return undefined;
  const { createWeb } = await import('./main-web.ts');
  const web = createWeb({ settings, ...options });
  await web.look();
  return web;
}

export async function watchIfConfigured(settings: MetricsSettings | undefined, log: Log): Promise<Watched | undefined> {
  if (!settings) return undefined;
  const { watchServer } = await import('./main-metrics.ts');
  return watchServer(settings, log);
}

/** What happens unasked, from the moment there is anything of that kind. */
export interface Unasked {
  /** Begins it when that has become needed; the configuration may be edited at any time. */
  look(): Promise<void>;
  lastTickAt(): Date | undefined;
  end(): void;
}

/** A server that a word started for itself does nothing unasked as long as no schedule is configured. */
export function beginSchedules({ isResident, ...options }: SchedulesOptions & { isResident: boolean }): Unasked {
  let scheduler: Promise<Scheduler> | undefined;
  let begun: Scheduler | undefined;
  const begin = async () => {
    const { createSchedules } = await import('./main-schedules.ts');
    begun = createSchedules(options);
    await begun.begin();
    return begun;
  };
  return {
    async look() {
      if (isResident || options.upkeep().schedules.length > 0) scheduler ??= begin();
      await scheduler;
    },
    lastTickAt: () => begun?.lastTickAt(),
    end: () => begun?.end(),
  };
}
