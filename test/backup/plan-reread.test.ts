import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planReread, type RereadPace, slicesToRead } from '../../src/backup/plan-reread.ts';
import type { WorkspaceMarks } from '../../src/records/marks.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-03-01T04:00:00.000Z');
type Reread = WorkspaceMarks['reread'];

/** When each slice was read, by its place in the whole: the share of ids that it covers. */
function simulate(checksAt: readonly number[], pace: RereadPace) {
  let marks: Reread;
  const reads: { readonly at: number; readonly index: number; readonly of: number }[] = [];
  for (const at of checksAt) {
    const plan = planReread(marks, pace, new Date(at));
    for (const { index, of } of slicesToRead(plan, [])) reads.push({ at, index, of });
    marks = { of: plan.of, done: plan.to, beganAt: plan.beganAt, lastAt: new Date(at).toISOString(), damaged: [] };
  }
  return reads;
}

describe('which slices are due', () => {
  test('is one at each check, whatever seconds it begins later or earlier', () => {
    const at = Array.from({ length: 60 }, (_, day) => START + day * DAY + ((day * 7919) % 30_000));
    const reads = simulate(at, { withinMs: 30 * DAY, everyMs: DAY });
    expect(reads.map(({ index }) => index)).toEqual(Array.from({ length: 60 }, (_, nth) => (nth % 30) + 1));
  });

  test('is everything where there is one check in the time, and never more slices than ids can tell apart', () => {
    expect(planReread(undefined, { withinMs: DAY, everyMs: 7 * DAY }, new Date(START))).toMatchObject({ of: 1, to: 1 });
    expect(planReread(undefined, { withinMs: 400 * DAY, everyMs: DAY }, new Date(START))).toMatchObject({ of: 256 });
  });

  test('goes on after a clock that was put back, with one slice', () => {
    const marks: Reread = { of: 30, done: 4, beganAt: new Date(START).toISOString(), lastAt: '', damaged: [] };
    const plan = planReread(marks, { withinMs: 30 * DAY, everyMs: DAY }, new Date(START - 3 * DAY));
    expect(plan).toMatchObject({ of: 30, from: 5, to: 5 });
  });

  test('includes what was found damaged, each slice once', () => {
    const plan = { of: 30, beganAt: '', from: 5, to: 6 };
    const damaged = [
      { index: 2, of: 30 },
      { index: 6, of: 30 },
      { index: 1, of: 7 },
    ];
    expect(slicesToRead(plan, damaged)).toEqual([damaged[0], damaged[2], { index: 5, of: 30 }, { index: 6, of: 30 }]);
  });

  test('reads every slice again within the time, also after checks that did not happen', () => {
    const facts = fc.record({
      every: fc.integer({ min: 1, max: 14 }),
      within: fc.integer({ min: 1, max: 120 }),
      missed: fc.array(fc.boolean(), { minLength: 200, maxLength: 200 }),
      misses: fc.boolean(),
    });
    fc.assert(
      fc.property(facts, ({ every, within, missed, misses }) => {
        const all = missed.map((_, nth) => START + nth * every * DAY);
        const happened = all.filter((_, nth) => !misses || nth % 5 === 0 || !missed[nth]);
        const reads = simulate(happened, { withinMs: within * DAY, everyMs: every * DAY });
        const last = new Map<number, number>();
        // The last slice of a round, the first of the next and the slice itself may each wait for checks that were missed. And a
        // slice may have been early the round before: each check reads one, although there is time left over.
        const spare = Math.max(0, within - Math.max(1, Math.floor(within / every)) * every);
        const late = 3 * 5 * every + spare;
        const allowed = (Math.max(within, every) + (misses ? late : 0)) * DAY;
        for (const { at, index } of reads) {
          expect(at - (last.get(index) ?? at)).toBeLessThanOrEqual(allowed);
          last.set(index, at);
        }
        expect(last.size).toBe(Math.min(reads.length, Math.max(1, Math.floor(within / every))));
      }),
      { numRuns: 200 },
    );
  });
});
