/** How a workspace stands against the age that its newest backup may have. */
export type Freshness =
  /** Nobody said how old it may be. */
  | { readonly is: 'unwatched' }
  /** Every schedule that would make a backup is paused: nothing is promised. */
  | { readonly is: 'paused'; readonly by: string; readonly at: string; readonly reason?: string | undefined }
  | { readonly is: 'fresh' | 'overdue'; readonly rpoMs: number; readonly dueAt: string };

export interface Pause {
  readonly by: string;
  readonly at: string;
  readonly reason?: string | undefined;
}

export interface FreshnessFacts {
  /** As configured. */
  readonly rpoMs?: number | undefined;
  /** Its schedules that make backups. */
  readonly schedules: readonly { readonly slots: readonly Date[]; readonly paused?: Pause | undefined }[];
  /** The cut of the newest completed backup; while there is none, since when the workspace is looked after. */
  readonly since: string;
  readonly now: Date;
}

/** A night that fails is seen before the second one does. */
const INTERVALS = 1.5;

/** Overdue is a workspace whose newest completed backup is older than its RPO; what is known of its data is then too old. */
export function judgeFreshness({ rpoMs, schedules, since, now }: FreshnessFacts): Freshness {
  const going = schedules.filter(({ paused }) => !paused);
  const [pause] = schedules.flatMap(({ paused }) => paused ?? []);
  if (pause && going.length === 0) {
    return {
      is: 'paused',
      by: pause.by,
      at: pause.at,
      ...(pause.reason === undefined ? {} : { reason: pause.reason }),
    };
  }
  const allowedMs = rpoMs ?? usualRpoMs(going.flatMap(({ slots }) => slots));
  if (allowedMs === undefined) return { is: 'unwatched' };
  const dueAt = Date.parse(since) + allowedMs;
  return {
    is: now.getTime() > dueAt ? 'overdue' : 'fresh',
    rpoMs: allowedMs,
    dueAt: new Date(dueAt).toISOString(),
  };
}

/**
 * The longest time between two slots of all schedules together, and a half: a schedule of weekdays is not overdue on
 * Sunday. Undefined where there are not two slots.
 */
export function usualRpoMs(slots: readonly Date[]): number | undefined {
  const times = slots.map((slot) => slot.getTime()).sort((one, other) => one - other);
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? time));
  return gaps.length === 0 ? undefined : Math.max(...gaps) * INTERVALS;
}

/** What was last said of an overdue workspace. */
export interface OverdueMark {
  /** When it was due. */
  readonly since: string;
  readonly saidAt: string;
}

const DAY_MS = 86_400_000;

/**
 * What people are told now: that it is overdue, at first and then once a day; and once that it is over. A clock that was
 * set back a day or more does not keep it silent.
 */
export function whatToSay(
  freshness: Freshness,
  mark: OverdueMark | undefined,
  now: Date,
): 'overdue' | 'over' | undefined {
  if (freshness.is !== 'overdue') return mark ? 'over' : undefined;
  const silentMs = mark ? Math.abs(now.getTime() - Date.parse(mark.saidAt)) : DAY_MS;
  return silentMs >= DAY_MS ? 'overdue' : undefined;
}
