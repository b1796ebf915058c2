import { expect, test } from 'vitest';
import { decideDue } from '../../src/schedule/decide-due.ts';
import { scheduleSettings } from '../../src/schedule/settings.ts';
import { MINUTE, YEARS } from './wall-clock.ts';

test('two thousand schedules are looked at every minute for next to nothing', () => {
  const from = Date.parse('2026-05-04T00:00:00Z');
  const schedules = Array.from({ length: 2000 }, (_, at) => ({
    settings: scheduleSettings.parse({
      does: 'backup',
      when: `${at % 60} ${at % 5} * * *`,
      zone: YEARS[at % YEARS.length]?.[0],
      window: '22:00-05:59',
      jitter: '20m',
    }),
    state: { id: `workspace-${at}/nightly`, lastSlotAt: new Date(from).toISOString() },
  }));
  const look = (minute: number) =>
    schedules.map(({ settings, state }) => decideDue({ settings, state, now: new Date(from + minute * MINUTE) }).type);
  look(0);
  const begun = process.cpuUsage();
  let fired = 0;
  for (let minute = 1; minute <= 60; minute += 1) {
    for (const [index, type] of look(minute).entries()) {
      const schedule = schedules[index];
      if (type !== 'fire' || !schedule) continue;
      fired += 1;
      schedule.state.lastSlotAt = new Date(from + minute * MINUTE).toISOString();
    }
  }
  const { user, system } = process.cpuUsage(begun);
  expect(fired).toBeGreaterThan(50);
  // milliseconds of work in each minute; it took ten of them on a busy machine
  expect((user + system) / 1000 / 60).toBeLessThan(100);
});
