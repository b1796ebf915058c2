import { busiestOf, DAYS, type HeatMap } from '../../src/schedule/heat-map.ts';
import { shadeOf, writeMean } from '../../src/schedule/heat-map-text.ts';
import { type QuietWindow, writeHours } from '../../src/schedule/quiet-hours.ts';

const CELL = { width: 26, height: 24, gap: 2 };
const EDGE = { left: 46, top: 26, bottom: 52, right: 8 };
/** From nothing to the most: told apart without colours too, and dark enough for white letters at the end. */
const COLOURS = ['#eef3f7', '#c3dbea', '#83b5d3', '#3f83b1', '#134b75'] as const;
const UNSEEN = '#ffffff';

/** A week as a picture of its own: no script, no style sheet, no letters from elsewhere. Every hour says what it is when pointed at. */
export function heatMapSvg(map: HeatMap, quiet: QuietWindow): string {
  const busiest = busiestOf(map);
  const [width, height] = [EDGE.left + 24 * CELL.width + EDGE.right, EDGE.top + 7 * CELL.height + EDGE.bottom];
  const cells = map.cells.map((cell, index) => {
    const [day, hour] = [Math.floor(index / 24), index % 24];
    const shade = shadeOf(cell, busiest);
    const told = shade === undefined ? 'never looked at' : `${writeMean(cell.mean)} on average`;
    const title = `${DAYS[day]} ${String(hour).padStart(2, '0')}:00: ${told}`;
    const place = `x="${xOf(hour)}" y="${yOf(day)}" width="${CELL.width - CELL.gap}" height="${CELL.height - CELL.gap}"`;
    const line = shade === undefined ? ' stroke="#c8d0d8" stroke-dasharray="2 2"' : '';
    return `<rect ${place} rx="2" fill="${shade === undefined ? UNSEEN : COLOURS[shade]}"${line}><title>${title}</title></rect>`;
  });
  const days = DAYS.map((name, day) => text(EDGE.left - 8, yOf(day) + 15, name.slice(0, 3), 'end'));
  const hours = [0, 3, 6, 9, 12, 15, 18, 21].map((hour) =>
    text(xOf(hour) + CELL.width / 2 - 1, EDGE.top - 8, String(hour).padStart(2, '0'), 'middle'),
  );
  const told = `What runs in a usual week, ${map.zone}; quietest ${writeHours(quiet)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${told}" font-family="Lato, system-ui, sans-serif" font-size="12" fill="#33414e">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...[...hours, ...days, ...cells, ...marks(quiet), ...legend(busiest, height)],
    '</svg>',
    '',
  ].join('\n');
}

const xOf = (hour: number) => EDGE.left + hour * CELL.width;
const yOf = (day: number) => EDGE.top + day * CELL.height;

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;
}

/** A frame around the quiet hours of all days; two where they reach across midnight. */
function marks({ startHour, hours }: QuietWindow): string[] {
  const until = startHour + hours;
  const pieces = until <= 24 ? [[startHour, until]] : [[startHour, 24] as const, [0, until - 24] as const];
  return pieces.map(([from = 0, to = 0]) => {
    const [x, width] = [xOf(from) - CELL.gap, (to - from) * CELL.width + CELL.gap];
    const place = `x="${x}" y="${EDGE.top - CELL.gap}" width="${width}" height="${7 * CELL.height + CELL.gap}"`;
    return `<rect ${place} rx="4" fill="none" stroke="#c2410c" stroke-width="2"/>`;
  });
}

function legend(busiest: number, height: number): string[] {
  const y = height - 26;
  const steps = COLOURS.map((colour, index) => {
    const x = EDGE.left + index * 78;
    const words = index === 0 ? 'nothing' : `to ${writeMean((busiest * index) / 4)}`;
    return `<rect x="${x}" y="${y - 11}" width="16" height="14" rx="2" fill="${colour}"/>${text(x + 22, y, words, 'start')}`;
  });
  const x = EDGE.left + COLOURS.length * 78;
  const frame = `<rect x="${x}" y="${y - 11}" width="16" height="14" rx="3" fill="none" stroke="#c2410c" stroke-width="2"/>`;
  return [...steps, `${frame}${text(x + 22, y, 'the quietest hours for a backup', 'start')}`];
}
