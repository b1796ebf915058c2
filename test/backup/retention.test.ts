import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Candidate, planRetention, type RetentionFacts } from '../../src/backup/retention.ts';
import { retentionRules } from '../../src/records/retention.ts';
import { makeBackup } from '../fakes/records.ts';

const DAY = 86_400_000;
const NOW = new Date('2026-11-23T12:00:00.000Z');
const GRACE = 7 * DAY;
const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY).toISOString();
const by = { by: 'carol', at: daysAgo(0) };
const nobody: ReadonlyMap<string, string> = new Map();

function candidate(days: number, changes: Partial<Candidate> = {}): Candidate {
  return makeBackup({ takenAt: daysAgo(days), ...changes });
}
const verified = (days: number) => ({ at: daysAgo(days), operationId: 'op_0000000000', files: 1, bytes: 1 });

function plan(backups: readonly Candidate[], rules: object | undefined, changes: Partial<RetentionFacts> = {}) {
  const read = rules && retentionRules.parse(rules);
  return planRetention({ rules: read, backups, held: nobody, graceMs: GRACE, now: NOW, ...changes });
}

const idsOf = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);

describe('what is kept', () => {
  test('is everything where there are no rules', () => {
    const backups = [candidate(0), candidate(900), candidate(1, { status: 'incomplete' })];
    const { kept, goes } = plan(backups, undefined);
    expect(kept).toHaveLength(3);
    expect(goes).toEqual([]);
  });

  test('is told with every reason, and what goes with its own; oldest goes first', () => {
    const [a, b, c, d] = [candidate(0), candidate(0.1), candidate(3), candidate(40)];
    const { kept, goes } = plan([d, c, b, a], { last: 1, daily: 2 });
    expect(kept).toEqual([
      { id: a.id, takenAt: a.takenAt, because: ['the last completed backup', 'last: number 1', 'daily: 2026-11-23'] },
      { id: c.id, takenAt: c.takenAt, because: ['daily: 2026-11-20'] },
    ]);
    expect(goes).toEqual([
      { id: d.id, takenAt: d.takenAt, because: ['no rule keeps it'] },
      { id: b.id, takenAt: b.takenAt, because: ['no rule keeps it'] },
    ]);
  });

  test('counts days by the clocks of the zone', () => {
    const late = candidate(0, { takenAt: '2026-11-21T23:30:00.000Z' });
    const early = candidate(0, { takenAt: '2026-11-21T22:30:00.000Z' });
    expect(idsOf(plan([late, early], { daily: 2, zone: 'UTC' }).kept)).toEqual([late.id, early.id]); // the oldest
    const before = candidate(0, { takenAt: '2026-11-20T12:00:00.000Z' });
    const keptIn = (zone: string) => idsOf(plan([late, early, before], { daily: 2, zone }).kept);
    expect(keptIn('UTC')).toEqual([late.id, before.id]);
    expect(keptIn('Europe/Berlin')).toEqual([late.id, early.id]);
  });

  test('is the last completed backup also beside one that a wrong clock put into the future', () => {
    const [future, newest, before] = [candidate(-400), candidate(0), candidate(1)];
    expect(idsOf(plan([future, newest, before], { last: 1 }).kept)).toEqual([future.id, newest.id]);
  });

  test('counts `within` from the newest cut, and not from one that a wrong clock put into the future', () => {
    const [future, newest, near, far] = [candidate(-400), candidate(100), candidate(105), candidate(111)];
    const { goes } = plan([future, newest, near, far], { within: '10d' });
    expect(idsOf(goes)).toEqual([far.id]);
  });

  test('are the last completed and the last verified backup, whatever the rules say', () => {
    const newest = candidate(0, { status: 'incomplete' });
    const last = candidate(1);
    const proven = candidate(30, { verified: verified(29) });
    const provenLater = candidate(60, { verified: verified(2) });
    const old = candidate(90, { verified: verified(80) });
    const { goes } = plan([newest, last, proven, provenLater, old, candidate(20)], { last: 1 });
    expect(goes).toHaveLength(2);
    expect(idsOf(goes)).toContain(old.id);
  });

  test('is what is pinned or held by someone', () => {
    const [pinned, held, plain] = [candidate(50, { pinned: by }), candidate(51), candidate(52)];
    const { kept, goes } = plan(
      [candidate(0), pinned, held, plain],
      { last: 1 },
      { held: new Map([[held.id, 'req_1']]) },
    );
    expect(idsOf(goes)).toEqual([plain.id]);
    expect(kept.slice(1).map(({ because }) => because)).toEqual([['pinned by carol'], ['held by req_1']]);
  });

  test('are safety backups for their grace, and then no longer; the rules never count them', () => {
    const safety = (days: number) => candidate(days, { safetyFor: 'op_0000000001' });
    const [last, fresh, over] = [candidate(10), safety(6), safety(8)];
    const { kept, goes } = plan([last, fresh, over], { last: 2, yearly: 5 });
    expect(idsOf(kept)).toEqual([fresh.id, last.id]);
    expect(idsOf(goes)).toEqual([over.id]);
  });

  test('is an incomplete backup for a week, and until a later one is completed; the rules never count it', () => {
    const incomplete = (days: number) => candidate(days, { status: 'incomplete' });
    const [all, fresh, over] = [incomplete(0), incomplete(6), incomplete(8)];
    const last = candidate(5);
    expect(idsOf(plan([all, last, fresh, over], { last: 9 }).goes)).toEqual([over.id]);
    expect(plan([incomplete(800)], { last: 1 }).goes).toEqual([]);
  });

  test('is nothing that is half deleted, and of what was deleted nobody speaks', () => {
    const half = candidate(0, { status: 'deleting' });
    const { kept, goes } = plan([half, candidate(1, { status: 'deleted' })], { last: 5 });
    expect(kept).toEqual([]);
    expect(goes).toEqual([expect.objectContaining({ id: half.id, because: ['it is half deleted already'] })]);
  });
});

const anyCandidate = fc
  .record({
    days: fc.double({ min: -3, max: 1500, noNaN: true }),
    status: fc.constantFrom('completed', 'completed', 'completed', 'incomplete', 'deleted' as const),
    isPinned: fc.integer({ max: 9, min: 0 }),
    isSafety: fc.integer({ max: 9, min: 0 }),
    verifiedDaysAgo: fc.option(fc.integer({ min: 0, max: 1500 })),
  })
  .map(({ days, status, isPinned, isSafety, verifiedDaysAgo }) =>
    candidate(days, {
      status,
      ...(isPinned === 0 ? { pinned: by } : {}),
      ...(isSafety === 0 ? { safetyFor: 'op_0000000001' } : {}),
      ...(verifiedDaysAgo === null ? {} : { verified: verified(verifiedDaysAgo) }),
    }),
  );
/** Mostly few rules that keep little: where nothing goes, nothing is tested. */
const some = fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined, freq: 2 });
const anyRules = fc
  .record({
    ...{ last: some, hourly: some, daily: some, weekly: some, monthly: some, yearly: some },
    within: fc.option(fc.integer({ min: 1, max: 60 * DAY }), { nil: undefined, freq: 2 }),
    zone: fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'Pacific/Apia', 'America/Sao_Paulo'),
  })
  .filter(({ zone: _, ...rules }) => Object.values(rules).some((rule) => rule !== undefined));

describe('whatever the rules and the backups', () => {
  test('nothing that is pinned, held, last completed or last verified ever goes, and each backup is judged once', () => {
    fc.assert(
      fc.property(fc.array(anyCandidate, { maxLength: 40 }), anyRules, fc.nat(9), (backups, rules, every) => {
        const held = new Map(backups.filter((_, nth) => nth % (every + 2) === 0).map(({ id }) => [id, 'a request']));
        const { kept, goes } = plan(backups, rules, { held });
        const gone = new Set(idsOf(goes));
        const standing = backups.filter(({ status }) => status !== 'deleted');
        expect([...idsOf(kept), ...gone].sort()).toEqual(idsOf(standing).sort());
        const never = standing.filter((one) => one.pinned || held.has(one.id)).map(({ id }) => id);
        expect(never.filter((id) => gone.has(id))).toEqual([]);
        /** Of several at the same moment one is the last. */
        const expectLastKept = (list: readonly Candidate[], of: (one: Candidate) => string) => {
          const latest = Math.max(...list.map((one) => Date.parse(of(one))));
          const last = list.filter((one) => Date.parse(of(one)) === latest);
          expect(last.length === 0 || last.some(({ id }) => !gone.has(id))).toBe(true);
        };
        const completed = backups.filter(({ status }) => status === 'completed');
        expectLastKept(completed, (one) => one.takenAt);
        expectLastKept(
          completed.filter((one) => one.verified),
          (one) => one.verified?.at ?? '',
        );
        for (const { because } of [...kept, ...goes]) expect(because.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  test('what a rule keeps, it keeps also after the others were removed: nothing withers by being looked at', () => {
    fc.assert(
      fc.property(fc.array(anyCandidate, { maxLength: 30 }), anyRules, (backups, rules) => {
        const first = plan(backups, rules);
        const left = new Set(idsOf(first.kept));
        expect(
          plan(
            backups.filter(({ id }) => left.has(id)),
            rules,
          ).goes,
        ).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
