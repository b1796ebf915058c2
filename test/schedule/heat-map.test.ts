import { describe, expect, test } from 'vitest';
import { createHeatMap } from '../../src/schedule/heat-map.ts';
import { heatMapSvg } from '../../src/schedule/heat-map-svg.ts';
import { drawHeatMap } from '../../src/schedule/heat-map-text.ts';
import { weeksOf, working } from './weeks.ts';

const quiet = { startHour: 2, hours: 2, mean: 0 };

describe('a week drawn in letters', () => {
  test('has a line for each day, darker the more runs, and marks the quiet hours below', () => {
    const map = createHeatMap(weeksOf(2, working), 'UTC');
    expect(drawHeatMap(map, quiet)).toEqual([
      '    00    03    06    09    12    15    18    21    ',
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

describe('a week as a picture', () => {
  test('has a cell for each hour that says what it is, and frames the quiet hours of both sides of midnight', () => {
    const map = createHeatMap(weeksOf(2, working), 'Europe/Berlin');
    const svg = heatMapSvg(map, { startHour: 23, hours: 2, mean: 0 });
    expect(svg.match(/<title>/g)).toHaveLength(168);
    expect(svg).toContain('<title>Monday 09:00: 20 on average</title>');
    expect(svg.match(/<rect[^>]* height="170"[^>]*fill="none"/g)).toHaveLength(2);
    expect(svg).not.toMatch(/script|style=|href/);
  });
});
