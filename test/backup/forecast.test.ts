import { expect, it } from 'vitest';
import { forecastBackup, suggestTimeout } from '../../src/backup/forecast.ts';
import { makeBackup, makePart, momentAfter } from '../fakes/records.ts';
import { makePartPlan } from './part-plan.ts';

const BUDGET_MS = 900_000;

it('lets downtime grow with files, not with bytes, where parts are copied twice', () => {
  const few = forecastBackup([makePartPlan()], 2, [], BUDGET_MS).downtimeMs;
  expect(forecastBackup([makePartPlan({ bytes: 1e12 })], 2, [], BUDGET_MS).downtimeMs).toBe(few);
  expect(forecastBackup([makePartPlan({ files: 1e6 })], 2, [], BUDGET_MS).downtimeMs).toBeGreaterThan(few);
});

it('takes the bare stop and start for parts that storage can snapshot', () => {
  const bare = forecastBackup([], 2, [], BUDGET_MS).downtimeMs;
  expect(forecastBackup([makePartPlan({ capture: 'snapshot', files: 1e7 })], 2, [], BUDGET_MS).downtimeMs).toBe(bare);
  expect(forecastBackup([makePartPlan({ capture: 'after-start', files: 1e7 })], 2, [], BUDGET_MS).downtimeMs).toBe(
    bare,
  );
});

it('counts every byte of a part that is copied cold', () => {
  const cold = (bytes: number) =>
    forecastBackup([makePartPlan({ capture: 'cold', bytes })], 2, [], BUDGET_MS).downtimeMs;
  expect(cold(1e12)).toBeGreaterThan(1000 * cold(1e6));
});

it('believes past backups with the same captures more than its own numbers', () => {
  const past = [900, 1000, 5000].map((downtimeMs, index) =>
    makeBackup({ downtimeMs, takenAt: momentAfter(index), parts: [makePart()], files: 10_000, durationMs: 60_000 }),
  );
  const forecast = forecastBackup([makePartPlan()], 2, past, BUDGET_MS);
  const lastDowntimesMs = [900, 1000, 5000];
  expect(forecast).toEqual({ downtimeMs: 1250, totalMs: 75_000, basis: 'the last 3 backups', lastDowntimesMs });
  expect(forecastBackup([makePartPlan({ files: 20_000 })], 2, past, BUDGET_MS).downtimeMs).toBe(2500);
});

it('does not believe past backups whose parts were captured otherwise', () => {
  const past = [makeBackup({ parts: [makePart({ capture: 'cold' })], downtimeMs: 1 })];
  expect(forecastBackup([makePartPlan()], 2, past, BUDGET_MS).basis).toMatch(/nothing was measured/);
});

it('suggests at least ten minutes and the notice as a time-out', () => {
  const forecast = { downtimeMs: 0, totalMs: 1000, basis: '' };
  expect(suggestTimeout(forecast, 600_000)).toBe('20m');
  expect(suggestTimeout({ ...forecast, totalMs: 3_600_000 }, 0)).toBe('2h');
});

it('tells people the whole budget as long as nobody knows how long a control plane takes', () => {
  const parts = [makePartPlan({ kind: 'vendor', capture: 'vendor', files: 0 }), makePartPlan()];
  expect(forecastBackup(parts, 2, [], BUDGET_MS)).toMatchObject({
    downtimeMs: BUDGET_MS,
    basis: expect.stringContaining('not measured'),
  });
  const captured = [makePart({ kind: 'vendor', capture: 'vendor' }), makePart()];
  const past = [makeBackup({ downtimeMs: 1000, parts: captured, files: 10_000 })];
  expect(forecastBackup(parts, 2, past, BUDGET_MS).downtimeMs).toBe(1250);
});
