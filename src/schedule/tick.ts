import { schedule as scheduleTask } from 'node-cron';
import type { Log } from '../log.ts';

/** Silent for so long, whatever the clock says, means that the clock was set back: the library waits until it is there again. */
const SILENT_MS = 150_000;
const WATCH_MS = 60_000;

/**
 * Calls once a minute. In UTC, which has no hour twice and leaves none out; everything that zones do to slots is ours.
 * Answers how to end it.
 */
export function tickEveryMinute(onTick: () => Promise<void>, log: Log): () => void {
  let lastMs = performance.now();
  const tick = async () => {
    lastMs = performance.now();
    await onTick();
  };
  const begin = () =>
    scheduleTask('* * * * *', tick, {
      ...{ timezone: 'UTC', name: 'schedules', noOverlap: true, suppressMissedWarning: true },
      logger: createQuietLogger(log),
    });
  let task = begin();
  const watching = setInterval(() => {
    if (performance.now() - lastMs < SILENT_MS) return;
    log.warn('no minute was ticked for a while; the clock was probably set back, so ticking begins anew');
    void task.destroy();
    task = begin();
    void tick();
  }, WATCH_MS);
  return () => {
    clearInterval(watching);
    void task.destroy();
  };
}

/** That a look takes longer than a minute, or that the machine slept, is no news; what goes wrong in a look is told there. */
function createQuietLogger(log: Log) {
  const note = (text: string) => log.debug({ cron: text }, 'node-cron says');
  return {
    info: note,
    warn: note,
    debug: (text: string | Error) => note(String(text)),
    error: (text: string | Error) => log.error({ cron: String(text) }, 'node-cron failed'),
  };
}
