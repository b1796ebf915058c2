import type { OperationView } from '../../records/operation.ts';

/** How far the running step is; absent while its totals are still being counted. */
export interface Measure {
  readonly percent?: number;
}

export interface ProgressMeter {
  observe(view: OperationView, now: Date): Measure;
}

/** Totals that grow while a program still counts would make a percentage go down: they have to have stood this long. */
const STANDS_AFTER_MS = 2_000;

interface Observed {
  readonly totals: string;
  readonly since: number;
  readonly percent: number | undefined;
}

function shareDone({ progress }: OperationView): number | undefined {
  const { bytesDone = 0, bytesTotal = 0, filesDone = 0, filesTotal = 0 } = progress ?? {};
  if (bytesTotal > 0) return bytesDone / bytesTotal;
  return filesTotal > 0 ? filesDone / filesTotal : undefined;
}

/** Remembers from frame to frame, so that what people see only ever goes forward. */
export function createProgressMeter(): ProgressMeter {
  const seen = new Map<string, Observed>();
  return {
    observe(view, now) {
      const share = shareDone(view);
      const running = view.steps.filter(({ state }) => state === 'running').map(({ name }) => name);
      if (share === undefined || running.length === 0) return {};
      const key = `${view.id} ${running.join('+')}`;
      const before = seen.get(key);
      const totals = `${view.progress?.bytesTotal ?? 0} ${view.progress?.filesTotal ?? 0}`;
      const since = before?.totals === totals ? before.since : now.getTime();
      const stands = now.getTime() - since >= STANDS_AFTER_MS;
      // 100 is said by the step's mark, not before.
      const measured = stands ? Math.min(99, Math.floor(share * 100)) : undefined;
      const known = [before?.percent, measured].filter((percent) => percent !== undefined);
      const percent = known.length > 0 ? Math.max(...known) : undefined;
      seen.set(key, { totals, since, percent });
      return percent === undefined ? {} : { percent };
    },
  };
}
