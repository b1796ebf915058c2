import { type Blackout, isBlackout, readBlackout } from './blackout.ts';
import { type Expression, readExpression } from './expression.ts';
import type { ScheduleSettings } from './settings.ts';
import { longestGapMs, nextSlots } from './slots.ts';

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
  readonly schedules: readonly { readonly settings: SlotSettings; readonly paused?: Pause | undefined }[];
  /** The cut of the newest completed backup; while there is none, since when the workspace is looked after. */
  readonly since: string;
  readonly now: Date;
}

type SlotSettings = Pick<ScheduleSettings, 'when' | 'zone' | 'blackout'>;

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
  const allowed = rpoMs === undefined ? soonest(going, new Date(since)) : { rpoMs, dueAt: Date.parse(since) + rpoMs };
  if (allowed === undefined) return { is: 'unwatched' };
  return {
    is: now.getTime() > allowed.dueAt ? 'overdue' : 'fresh',
    rpoMs: allowed.rpoMs,
    dueAt: new Date(allowed.dueAt).toISOString(),
  };
}

interface Allowed {
  readonly rpoMs: number;
  readonly dueAt: number;
}

/** Of several schedules, the one that would make a backup first counts. */
function soonest(schedules: FreshnessFacts['schedules'], since: Date): Allowed | undefined {
  const all = schedules.flatMap(({ settings }) => allowedBy(settings, since) ?? []);
  return all.sort((one, other) => one.dueAt - other.dueAt)[0];
}

/**
 * The interval of a schedule and a half, where the longest of its intervals counts: one of weekdays is not overdue on Sunday.
 * And never sooner than half of that after a slot that could make a backup: nobody wants any on blackout dates.
 */
function allowedBy(settings: SlotSettings, since: Date): Allowed | undefined {
  const { expression, blackouts, intervalMs } = readOnce(settings);
  if (intervalMs === undefined) return undefined;
  const { zone } = settings;
  const chance = nextSlots(expression, zone, since, LOOKED_AT).find((slot) => !isBlackout(blackouts, zone, slot));
  const byInterval = since.getTime() + intervalMs * INTERVALS;
  const byChance = (chance?.getTime() ?? 0) + intervalMs * (INTERVALS - 1);
  return { rpoMs: intervalMs * INTERVALS, dueAt: Math.max(byInterval, byChance) };
}

/** Slots among which one must lie outside of blackout dates. */
const LOOKED_AT = 50;

interface Read {
  readonly expression: Expression;
  readonly blackouts: readonly Blackout[];
  readonly intervalMs: number | undefined;
}

/** A year of slots is not gone through at each look. */
const known = new WeakMap<SlotSettings, Read>();

function readOnce(settings: SlotSettings): Read {
  const read = known.get(settings) ?? readAnew(settings);
  known.set(settings, read);
  return read;
}

function readAnew({ when, zone, blackout }: SlotSettings): Read {
  const expression = readExpression(when);
  // Any year will do: the longest interval of one is that of every other, but for an hour.
  const intervalMs = longestGapMs(expression, zone, new Date(Date.UTC(2026, 0, 1)));
  return { expression, blackouts: blackout.map(readBlackout), intervalMs };
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
