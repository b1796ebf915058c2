import { busiestOf, DAYS, type HeatMap } from './heat-map.ts';
import type { QuietWindow } from './quiet-hours.ts';

/** From nothing to the most; what was never looked at stays empty. */
const SHADES = ['·', '░', '▒', '▓', '█'] as const;
const UNSEEN = ' ';
/** Letters that one hour is wide: two make it about as wide as it is high. */
const WIDTH = 2;

/** How dark an hour is, 0 to 4; undefined where nobody looked. Anything at all is more than nothing. */
export function shadeOf(cell: HeatMap['cells'][number] | undefined, busiest: number): number | undefined {
  if (!cell || cell.samples === 0) return undefined;
  if (cell.mean === 0 || busiest === 0) return 0;
  return Math.max(1, Math.ceil((cell.mean / busiest) * (SHADES.length - 1)));
}

/** A week in shades, a line for each day, for letters of one width: 52 of them. The quiet hours are marked below. */
export function drawHeatMap(map: HeatMap, quiet: QuietWindow): string[] {
  const busiest = busiestOf(map);
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const label = (text: string) => text.padEnd(4);
  const scale = hours.map((hour) => (hour % 3 === 0 ? String(hour).padStart(2, '0') : ' '.repeat(WIDTH))).join('');
  const days = DAYS.map((name, day) => {
    const cells = hours.map((hour) => {
      const shade = shadeOf(map.cells[day * 24 + hour], busiest);
      return (shade === undefined ? UNSEEN : (SHADES[shade] ?? UNSEEN)).repeat(WIDTH);
    });
    return label(name.slice(0, 3)) + cells.join('');
  });
  const isQuiet = (hour: number) => (hour - quiet.startHour + 24) % 24 < quiet.hours;
  const marks = hours.map((hour) => (isQuiet(hour) ? '▲' : ' ').repeat(WIDTH)).join('');
  return [(label('') + scale).trimEnd(), ...days, (label('') + marks).trimEnd(), legend(busiest)];
}

function legend(busiest: number): string {
  if (busiest === 0) return `${SHADES[0]} nothing runs`;
  const steps = SHADES.slice(1).map((shade, index) => `${shade} ${writeMean((busiest * (index + 1)) / 4)}`);
  return `${SHADES[0]} nothing, up to ${steps.join('  ')} at once`;
}

/** `0.4`, `12`: a number of workloads on average. */
export function writeMean(mean: number): string {
  return mean < 10 ? String(Math.round(mean * 10) / 10) : String(Math.round(mean));
}
