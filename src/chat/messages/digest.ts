import { writeDuration } from '../../records/time.ts';
import type { Message } from '../chat.ts';
import { writeCount, writeSize } from './words.ts';

/** What one workspace's week was, and what the next one brings. Sizes in bytes, lengths of time in milliseconds. */
export interface WorkspaceWeek {
  readonly workspace: string;
  readonly completed: number;
  readonly incomplete: number;
  readonly failed: number;
  /** Slots of its schedules at which nothing was made. */
  readonly missed: number;
  readonly downtimeMs: number;
  /** In the week before. */
  readonly downtimeBeforeMs: number;
  readonly addedBytes: number;
  /** When a backup of it was last brought back and found whole. */
  readonly verifiedAt?: string | undefined;
  readonly overdueSince?: string | undefined;
  readonly pausedBy?: string | undefined;
  readonly next: readonly PlannedRuns[];
}

/** What one schedule does in the coming week. */
export interface PlannedRuns {
  readonly name: string;
  readonly times: number;
  readonly firstAt: string;
  /** The time zone in which people know it. */
  readonly zone: string;
}

export interface DigestFacts {
  /** Where it is said; the same place and week are one message. */
  readonly place: string;
  readonly from: string;
  readonly until: string;
  readonly weeks: readonly WorkspaceWeek[];
}

/** More workspaces than this are summed up: a message has room for so many. */
const MOST_LINES = 10;

/** One message for everybody who looks at one place: what was done in a week, and what comes. Trouble first. */
export function weeklyDigest({ place, from, until, weeks }: DigestFacts): Message {
  const inOrder = weeks.toSorted((one, other) => troubleOf(other) - troubleOf(one));
  const shown = inOrder.length > MOST_LINES ? inOrder.slice(0, MOST_LINES - 1) : inOrder;
  const rest = inOrder.slice(shown.length);
  const [first] = weeks;
  return {
    key: `digest:${place}:${until.slice(0, 10)}`,
    workspace: first?.workspace ?? '',
    tone: weeks.some((week) => troubleOf(week) > 0) ? 'warning' : 'good',
    text: `Backups from ${writeDay(from)} to ${writeDay(until)}, ${writeCount(weeks.length, 'workspace')}: ${summaryOf(weeks)}.`,
    details: [
      ...shown.map(lineOf),
      ...(rest.length > 0 ? [`${writeCount(rest.length, 'other workspace')}: ${summaryOf(rest)}`] : []),
    ],
  };
}

/** Overdue weighs most; what is paused is meant. */
function troubleOf({ overdueSince, failed, missed, incomplete }: WorkspaceWeek): number {
  return (overdueSince === undefined ? 0 : 1_000) + 10 * (failed + incomplete) + missed;
}

function summaryOf(weeks: readonly WorkspaceWeek[]): string {
  const sum = (pick: (week: WorkspaceWeek) => number) => weeks.reduce((total, week) => total + pick(week), 0);
  const overdue = weeks.filter(({ overdueSince }) => overdueSince !== undefined).map(({ workspace }) => workspace);
  const downtimeMs = sum((week) => week.downtimeMs);
  const before = sum((week) => week.downtimeBeforeMs);
  return [
    madeText({
      completed: sum((week) => week.completed),
      incomplete: sum((week) => week.incomplete),
      failed: sum((week) => week.failed),
      missed: sum((week) => week.missed),
    }),
    `services ${downText(downtimeMs, before)}`,
    `${writeSize(sum((week) => week.addedBytes))} added to repositories`,
    ...(overdue.length > 0 ? [`OVERDUE: ${overdue.join(', ')}`] : []),
  ].join('; ');
}

function lineOf(week: WorkspaceWeek): string {
  const { workspace, downtimeMs, downtimeBeforeMs, addedBytes, verifiedAt, overdueSince, pausedBy, next } = week;
  return [
    `${workspace}: ${overdueSince === undefined ? '' : `OVERDUE since ${writeDay(overdueSince)}; `}${madeText(week)}`,
    downText(downtimeMs, downtimeBeforeMs),
    `${writeSize(addedBytes)} added`,
    verifiedAt === undefined ? 'never verified' : `verified ${writeDay(verifiedAt)}`,
    ...(pausedBy === undefined ? [] : [`PAUSED by ${pausedBy}`]),
    next.length === 0 ? 'nothing is planned' : `next week ${next.map(plannedText).join(', ')}`,
  ].join('; ');
}

function madeText(made: Pick<WorkspaceWeek, 'completed' | 'incomplete' | 'failed' | 'missed'>): string {
  const bad = (['incomplete', 'failed', 'missed'] as const).flatMap((what) =>
    made[what] > 0 ? [`${made[what].toLocaleString('en')} ${what}`] : [],
  );
  return [writeCount(made.completed, 'backup'), ...bad].join(', ');
}

/** With the trend: against the week before. */
function downText(ms: number, beforeMs: number): string {
  const percent = beforeMs === 0 ? 0 : Math.round((100 * (ms - beforeMs)) / beforeMs);
  if (ms === 0) return beforeMs === 0 ? 'never down' : `never down (${writeDuration(beforeMs)} the week before)`;
  const more = percent === 0 ? 'as' : `${Math.abs(percent)} % ${percent > 0 ? 'more' : 'less'} than`;
  const trend = beforeMs === 0 ? 'none the week before' : `${more} the week before`;
  return `down for ${writeDuration(ms)} (${trend})`;
}

/** `nightly 7 times, first Tue 02:00 Europe/Berlin`. */
function plannedText({ name, times, firstAt, zone }: PlannedRuns): string {
  const parts = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone } as const;
  const first = new Intl.DateTimeFormat('en-GB', parts).format(new Date(firstAt)).replace(',', '');
  return times === 1 ? `${name} ${first} ${zone}` : `${name} ${times} times from ${first} ${zone}`;
}

function writeDay(moment: string): string {
  return moment.slice(0, 10);
}
