import { describe, expect, test } from 'vitest';
import { createHeatMap } from '../../src/schedule/heat-map.ts';
import { drawHeatMap } from '../../src/schedule/heat-map-text.ts';
import { findQuietHours, writeHours } from '../../src/schedule/quiet-hours.ts';
import { heatMapSvg } from './heat-map-svg.ts';
import { HOUR, weeksOf, working } from './weeks.ts';

const quiet = { startHour: 2, hours: 2, mean: 0 };

describe('a week drawn in letters', () => {
  test('has a line for each day, darker the more runs, and marks the quiet hours below', () => {
    const map = createHeatMap(weeksOf(2, working), 'UTC');
    expect(drawHeatMap(map, quiet)).toEqual([
      '    00    03    06    09    12    15    18    21',
      ...['Mon', 'Tue', 'Wed', 'Thu', 'Fri'].map((day) => `${day} ${'·'.repeat(16)}${'█'.repeat(22)}${'▒'.repeat(10)}`),
      ...['Sat', 'Sun'].map((day) => `${day} ${'░'.repeat(48)}`),
      '        ▲▲▲▲',
      '· nothing, up to ░ 5  ▒ 10  ▓ 15  █ 20 at once',
    ]);
  });

  test('leaves empty what was never looked at, and marks hours across midnight', () => {
    const map = createHeatMap(
      weeksOf(1, (day, hour) => (day === 0 && hour < 2 ? 0 : undefined)),
      'UTC',
    );
    const drawn = drawHeatMap(map, { startHour: 23, hours: 2, mean: 0 });
    expect(drawn[1]).toBe(`Mon ····${' '.repeat(44)}`);
    expect(drawn[2]?.trim()).toBe('Tue');
    expect(drawn[8]).toBe(`    ▲▲${' '.repeat(44)}▲▲`);
    expect(drawn[9]).toBe('· nothing runs');
  });
});

/** A team in Berlin: a working day with a long evening of training, some of it over the night, and little on weekends. */
const team = (day: number, hour: number) => {
  const isWeekend = day >= 5;
  const people = [0, 0, 0, 0, 0, 0, 2, 8, 14, 16, 15, 11, 13, 16, 15, 13, 9, 6, 5, 4, 4, 3, 2, 1][hour] ?? 0;
  const training = hour >= 16 || hour < 2 ? 4 : hour < 5 ? 1 : 2;
  return isWeekend ? Math.round(people / 6) + Math.round(training / 2) : people + training + (day === 4 ? -1 : 0);
};

describe('the picture of a week in the documents', () => {
  test('is what the product finds quiet, drawn anew whenever that changes', async () => {
    const map = createHeatMap(weeksOf(6, team), 'Europe/Berlin');
    const quiet = findQuietHours(map, 2 * HOUR);
    expect(quiet && writeHours(quiet.nightly)).toBe('03:00-05:00');
    const svg = heatMapSvg(map, quiet?.nightly ?? { startHour: 0, hours: 0, mean: 0 });
    expect(svg.match(/<title>/g)).toHaveLength(168);
    expect(svg).not.toMatch(/script|style=|href/);
    await expect(svg).toMatchFileSnapshot('../../docs/pictures/quiet-hours.svg');
  });
});
