import { describe, expect, test } from 'vitest';
import { scheduleSettings, schedulesForAll, workspaceSchedules } from '../../src/schedule/settings.ts';
import { scheduleWarnings } from '../../src/schedule/warnings.ts';

const nightly = { does: 'backup', when: 'nightly at 02:00', zone: 'Europe/Berlin', window: '22:00-05:00' };

/** Written so because the linter takes an object with `then` for a promise. */
const waiting = (waitFor: string | number) =>
  Object.fromEntries([
    ['waitFor', waitFor],
    ['then', 'stop'],
  ]);

function problemsOf(more: Record<string, unknown>): string[] {
  const read = scheduleSettings.safeParse({ ...nightly, ...more });
  return read.success ? [] : read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('settings of a schedule', () => {
  test('keep texts as written and lengths of time in milliseconds', () => {
    expect(scheduleSettings.parse({ ...nightly, notice: '30m', jitter: '10m', workloads: waiting('1h') })).toEqual({
      ...nightly,
      blackout: [],
      notice: 1_800_000,
      jitter: 600_000,
      tooLong: 'start',
      misfire: 'run',
      workloads: waiting(3_600_000),
    });
  });

  test.each([
    [{ zone: 'Europe/Berln' }, 'zone: "Europe/Berln" is not a time zone. Did you mean "Europe/Berlin"?'],
    [{ zone: 'Berlin' }, 'zone: "Berlin" is not a time zone. Did you mean "Europe/Berlin"?'],
    [{ zone: '+02:00' }, 'zone: "+02:00" is not a time zone.'],
    [{ when: '0 2 31 2 *' }, 'when: "0 2 31 2 *" can never run: there is no 31 February.'],
    [{ window: '22-5' }, 'window: "22-5" is not a window.'],
    [{ blackout: ['2026-12-24', '2026-13-01'] }, 'blackout.1: "2026-13-01" is not a date.'],
    [{ window: '01:45-02:15', notice: '30m' }, 'window: is open for 30m, not longer than the notice of 30m'],
    [{ when: 'nightly at 12:00' }, 'when: is never inside its window: it would run '],
    [{ when: 'nightly at 04:50', notice: '30m' }, 'when: always runs too late in its window: '],
    [{ when: 'nightly at 04:00', notice: '30m', jitter: '30m' }, 'when: always runs too late in its window: '],
    [{ when: 'hourly', window: undefined, jitter: '1h' }, 'jitter: 1h is not shorter than the 1h between two runs'],
    [{ does: 'verify', notice: '30m' }, 'notice: is a setting of what does backup, not verify'],
    [{ rereadWithin: '30d' }, 'rereadWithin: is a setting of what does check, not backup'],
  ])('are refused where the mistake stands: %j', (more, sentence) => {
    const problems = problemsOf(more);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.startsWith(sentence) ? sentence : problems[0]).toBe(sentence);
  });

  test('show the next times of what would never run', () => {
    const [problem] = problemsOf({ when: 'nightly at 12:00' });
    expect(problem).toMatch(/it would run \w{3} \d+ \w{3} \d{4} 12:00 CES?T, .* 12:00 CES?T, .* 12:00 CES?T$/);
  });

  test('tell of every mistake at once', () => {
    expect(problemsOf({ when: 'never', zone: 'Mars', window: 'always' }).map((text) => text.split(':')[0])).toEqual([
      'when',
      'zone',
      'window',
    ]);
  });

  test('are read by name, and those for all with defaults', () => {
    expect(workspaceSchedules.safeParse({ 'Nightly run': nightly }).success).toBe(false);
    expect(Object.keys(workspaceSchedules.parse({ nightly }))).toEqual(['nightly']);
    expect(schedulesForAll.parse({})).toEqual({ atOnce: 4, atOncePerStorageClass: {} });
    expect(schedulesForAll.safeParse({ digest: { when: 'mondays', zone: 'UTC' } }).success).toBe(false);
  });
});

describe('warnings', () => {
  const now = new Date('2026-03-01T00:00:00Z');
  const warningsOf = (schedules: Record<string, Record<string, unknown>>, noticeMs = 0) => {
    const read = Object.entries(schedules).map(([name, more]) => [
      name,
      scheduleSettings.parse({ ...nightly, ...more }),
    ]);
    return scheduleWarnings(Object.fromEntries(read), now, noticeMs).map(
      ({ schedule, key, text }) => `${schedule}.${key}: ${text}`,
    );
  };

  test('are none for what is meant', () => {
    expect(warningsOf({ nightly: {}, proof: { does: 'verify' } })).toEqual([]);
  });

  test('name two backups that begin in the same minute, with the next times', () => {
    expect(warningsOf({ nightly: {}, monthly: { when: 'monthly on the 1st at 02:00' } })).toEqual([
      'nightly.when: begins in the same minute as monthly, and one of the two is skipped then: next ' +
        'Sun 1 Mar 2026 02:00 CET, Wed 1 Apr 2026 02:00 CEST, Fri 1 May 2026 02:00 CEST',
    ]);
    // 21:00 in New York is 02:00 in Berlin for the weeks between their changes of the clocks
    expect(
      warningsOf({ nightly: {}, far: { when: 'nightly at 21:00', zone: 'America/New_York', window: '20:00-23:00' } }),
    ).toEqual([expect.stringContaining('begins in the same minute as far')]);
  });

  test('say that both day fields are set, and by which rule it runs', () => {
    expect(warningsOf({ nightly: { when: '0 2 1 * 1' } })).toEqual([
      'nightly.when: gives a day of the month and a day of the week, and runs on dates that suit either: ' +
        'Sun 1 Mar 2026 02:00 CET, Mon 2 Mar 2026 02:00 CET, Mon 9 Mar 2026 02:00 CET',
    ]);
    expect(warningsOf({ nightly: { when: '0 2 */2 * 1' } })).toEqual([expect.stringContaining('suit both: Mon 9 Mar')]);
  });

  test('say when a backup may begin by day, because it has no window', () => {
    expect(warningsOf({ nightly: { window: undefined } })).toEqual([
      expect.stringContaining('nightly.misfire: there is no window'),
    ]);
    expect(warningsOf({ nightly: { window: undefined, misfire: 'report' } })).toEqual([]);
  });

  test('say which slots a window leaves out, or a change of the clocks', () => {
    expect(warningsOf({ nightly: { window: { weekdays: '22:00-05:00' } } })).toEqual([
      'nightly.when: is not always inside its window, and is missed then: next ' +
        'Sun 1 Mar 2026 02:00 CET, Mon 2 Mar 2026 02:00 CET, Sun 8 Mar 2026 02:00 CET',
    ]);
    expect(warningsOf({ nightly: { when: 'nightly at 02:15', window: '22:00-02:45' } })).toEqual([
      'nightly.when: is not always inside its window, and is missed then: next Sun 29 Mar 2026 03:00 CEST',
    ]);
  });

  test('count the notice that the policy of the workspace gives', () => {
    expect(warningsOf({ nightly: { when: 'nightly at 04:50' } }, 600_000)).toEqual([
      expect.stringContaining('is sometimes too late'),
    ]);
    expect(warningsOf({ nightly: { when: 'nightly at 04:50' } }, 540_000)).toEqual([]);
  });
});
