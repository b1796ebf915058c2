import { TZDate } from '@date-fns/tz';
import { getISOWeek, getISOWeekYear } from 'date-fns';
import type { Backup } from '../records/backup.ts';
import type { RetentionRules } from '../records/retention.ts';
import { writeDuration } from '../records/time.ts';

/** What the rules look at of a backup. */
export type Candidate = Pick<Backup, 'id' | 'takenAt' | 'status' | 'safetyFor' | 'pinned' | 'verified'> &
  Partial<Pick<Backup, 'trigger'>>;

export interface RetentionFacts {
  /** Absent: everything is kept. */
  readonly rules: RetentionRules | undefined;
  /** All of one workspace; deleted ones are passed over. */
  readonly backups: readonly Candidate[];
  /** Backup id → who holds it, in words: a request that is not decided or waits for its turn, a restore that reads it. */
  readonly held: ReadonlyMap<string, string>;
  /** How long a safety backup is kept after its cut, as what a swap displaces is; in milliseconds. */
  readonly graceMs: number;
  readonly now: Date;
}

/** One backup with the reasons why it is kept, or why it goes. */
export interface Judged {
  readonly id: string;
  readonly takenAt: string;
  readonly because: readonly string[];
}

export interface RetentionPlan {
  /** Newest first. */
  readonly kept: readonly Judged[];
  /** Oldest first: what is removed first is missed least. */
  readonly goes: readonly Judged[];
}

/** An incomplete backup may be all there is of something: whoever looks into the failure has this long, in milliseconds. */
const INCOMPLETE_KEPT_MS = 7 * 86_400_000;

/**
 * What the rules keep of a workspace's backups and what may go; a pure function. Rules count completed backups only and
 * mean what they mean to `restic forget`: of each period the newest, then the oldest of all while a rule has counts left;
 * `within` counts back from the newest cut, so that nothing ages away when backups stop.
 *
 * Kept whatever the rules say: what is pinned or held, the last completed backup, the last verified one (by its cut and by
 * when it was verified). Beside the rules: a safety backup stays for its grace, an incomplete one for a week and until a
 * later one completed. One that is half deleted goes: nothing can be restored from it.
 */
export function planRetention({ rules, backups, held, graceMs, now }: RetentionFacts): RetentionPlan {
  const standing = backups.filter(({ status }) => status !== 'deleted').sort(newestFirst);
  if (!rules) return { kept: standing.map((one) => judged(one, ['there are no rules: everything is kept'])), goes: [] };
  const reasons = [protectedOnes(standing, held, now), byRules(rules, standing.filter(isCounted), now)];
  const kept: Judged[] = [];
  const goes: Judged[] = [];
  for (const one of standing) {
    if (one.status === 'deleting') {
      goes.push(judged(one, ['it is half deleted already']));
      continue;
    }
    const because = [
      ...reasons.flatMap((found) => found.get(one.id) ?? []),
      ...besideRules(one, standing, graceMs, now),
    ];
    if (because.length > 0) kept.push(judged(one, because));
    else goes.push(judged(one, [whyItGoes(one)]));
  }
  return { kept, goes: goes.reverse() };
}

function judged({ id, takenAt }: Candidate, because: readonly string[]): Judged {
  return { id, takenAt, because };
}

function newestFirst(one: Candidate, other: Candidate): number {
  return Date.parse(other.takenAt) - Date.parse(one.takenAt) || (one.id < other.id ? 1 : -1);
}

function isCounted({ status, safetyFor, trigger }: Candidate): boolean {
  return status === 'completed' && safetyFor === undefined && trigger !== 'vendor';
}

function protectedOnes(
  newest: readonly Candidate[],
  held: ReadonlyMap<string, string>,
  now: Date,
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const protect = (one: Candidate | undefined, why: string) => {
    if (one) found.set(one.id, [...(found.get(one.id) ?? []), why]);
  };
  for (const one of newest) {
    if (one.pinned) protect(one, `pinned by ${one.pinned.by}`);
    const holder = held.get(one.id);
    if (holder !== undefined) protect(one, `held by ${holder}`);
  }
  const completed = newest.find(({ status }) => status === 'completed');
  // A cut that a wrong clock put into the future would be the last one for years.
  const believed = newest.find((one) => isCounted(one) && Date.parse(one.takenAt) <= now.getTime());
  for (const one of new Set([newest.find(isCounted), believed, completed])) protect(one, 'the last completed backup');
  const verified = newest.filter(({ status, verified }) => status === 'completed' && verified);
  const lastByCut = verified.find(isCounted) ?? verified[0];
  const verifiedAt = ({ verified }: Candidate) => Date.parse(verified?.at ?? '');
  const lastLooked = verified.toSorted((one, other) => verifiedAt(other) - verifiedAt(one))[0];
  for (const one of new Set([lastByCut, lastLooked])) protect(one, 'the last verified backup');
  return found;
}

interface Rule {
  readonly name: 'last' | 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';
  /** Names the period that a cut falls into. */
  readonly periodOf: (cut: TZDate, nth: number) => string;
}

const day = (cut: TZDate) => `${cut.getFullYear()}-${cut.getMonth() + 1}-${cut.getDate()}`;
const RULES: readonly Rule[] = [
  { name: 'last', periodOf: (_, nth) => String(nth) },
  { name: 'hourly', periodOf: (cut) => `${day(cut)} ${cut.getHours()}` },
  { name: 'daily', periodOf: day },
  { name: 'weekly', periodOf: (cut) => `${getISOWeekYear(cut)} week ${getISOWeek(cut)}` },
  { name: 'monthly', periodOf: (cut) => `${cut.getFullYear()}-${cut.getMonth() + 1}` },
  { name: 'yearly', periodOf: (cut) => String(cut.getFullYear()) },
];

/** Source of the rules' meaning: restic:internal/restic/snapshot_policy.go. */
function byRules(rules: RetentionRules, newest: readonly Candidate[], now: Date): Map<string, string[]> {
  const found = new Map<string, string[]>(newest.map(({ id }) => [id, []]));
  const cuts = newest.map(({ id, takenAt }) => ({ reasons: found.get(id), at: new TZDate(takenAt, rules.zone) }));
  for (const { name, periodOf } of RULES) {
    let left = rules[name] ?? 0;
    let last: string | undefined;
    for (const [nth, { reasons, at }] of cuts.entries()) {
      if (left === 0) break;
      const period = periodOf(at, nth);
      const isNew = period !== last;
      if (!isNew && nth < cuts.length - 1) continue;
      reasons?.push(isNew ? `${name}: ${name === 'last' ? `number ${nth + 1}` : period}` : `${name}: the oldest`);
      last = period;
      left -= 1;
    }
  }
  if (rules.within === undefined) return found;
  // A cut that a wrong clock put into the future must not make all others old.
  const newestCut = cuts.find(({ at }) => at.getTime() <= now.getTime())?.at.getTime() ?? Number.NEGATIVE_INFINITY;
  for (const { reasons, at } of cuts) {
    if (at.getTime() > newestCut - rules.within) reasons?.push(`within ${writeDuration(rules.within)} of the newest`);
  }
  return found;
}

function besideRules(one: Candidate, newest: readonly Candidate[], graceMs: number, now: Date): string[] {
  if (one.trigger === 'vendor') return ["made in the control plane's own page"];
  const age = now.getTime() - Date.parse(one.takenAt);
  if (one.safetyFor !== undefined) {
    return age <= graceMs ? [`what stood there before ${one.safetyFor}, kept for ${writeDuration(graceMs)}`] : [];
  }
  if (one.status !== 'incomplete') return [];
  const isSucceeded = newest.some((other) => isCounted(other) && Date.parse(other.takenAt) > Date.parse(one.takenAt));
  if (!isSucceeded) return ['incomplete, and no later one is completed'];
  return age <= INCOMPLETE_KEPT_MS ? ['incomplete, and less than a week old'] : [];
}

function whyItGoes({ status, safetyFor }: Candidate): string {
  if (safetyFor !== undefined) return 'a safety backup whose grace is over';
  return status === 'incomplete' ? 'incomplete, and later ones are completed' : 'no rule keeps it';
}
