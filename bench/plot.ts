import type { Sample } from './numbers.ts';

export interface BarChart {
  /** Of the file. */
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly groups: readonly {
    readonly label: string;
    readonly bars: readonly { readonly series: string; readonly sample: Sample }[];
  }[];
  /** A line across that no bar should pass. */
  readonly limit?: { readonly value: number; readonly label: string };
}

const COLOURS = ['#2563a8', '#e08a2e', '#4a9a6a', '#8a5aa8'];
const [WIDTH, LEFT, RIGHT, TOP, BAR, GAP] = [860, 210, 110, 74, 17, 13];
const INK = '#333';
const FAINT = '#d8d8d8';

/** Lying bars, one group below the other, so that labels of any length can be read; whiskers from least to most. */
export function drawBars(chart: BarChart): string {
  const series = [...new Set(chart.groups.flatMap(({ bars }) => bars.map((bar) => bar.series)))];
  const all = chart.groups.flatMap(({ bars }) => bars.map(({ sample }) => sample.high));
  const step = niceStep(Math.max(...all, chart.limit?.value ?? 0));
  const most = step * Math.ceil(Math.max(...all, chart.limit?.value ?? 0) / step) || step;
  const scale = (value: number) => LEFT + (value / most) * (WIDTH - LEFT - RIGHT);
  const parts: string[] = [];
  let y = TOP;
  for (const { label, bars } of chart.groups) {
    const middle = y + (bars.length * BAR) / 2 + 4;
    parts.push(text(LEFT - 10, middle, label, 'end'));
    for (const { series: name, sample } of bars) {
      parts.push(drawBar(y, sample, scale, COLOURS[series.indexOf(name) % COLOURS.length] ?? INK));
      parts.push(text(scale(sample.high) + 6, y + BAR - 4, `${writeNumber(sample.median)} ${chart.unit}`, 'start', 11));
      y += BAR;
    }
    y += GAP;
  }
  const height = y + 34;
  const ticks = Array.from({ length: Math.round(most / step) + 1 }, (_, at) => at * step);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="16" y="26" font-size="16" font-weight="600" fill="${INK}">${masked(chart.title)}</text>`,
    ...drawLegend(series),
    ...ticks.flatMap((value) => [
      `<path d="M${scale(value)} ${TOP - 8}V${y - 4}" stroke="${FAINT}"/>`,
      text(scale(value), y + 12, `${writeNumber(value)} ${chart.unit}`, 'middle', 11),
    ]),
    ...parts,
    ...(chart.limit ? drawLimit(scale(chart.limit.value), y, chart.limit.label) : []),
    '</svg>',
    '',
  ].join('\n');
}

function drawBar(y: number, { median, low, high, count }: Sample, scale: (value: number) => number, colour: string) {
  const width = Math.max(1, scale(median) - scale(0));
  const bar = `<rect x="${scale(0)}" y="${y}" width="${width}" height="${BAR - 3}" fill="${colour}"/>`;
  if (count < 2) return bar;
  const middle = y + (BAR - 3) / 2;
  const ends = `M${scale(low)} ${middle - 4}v8M${scale(high)} ${middle - 4}v8`;
  return `${bar}<path d="M${scale(low)} ${middle}H${scale(high)}${ends}" stroke="${INK}" fill="none"/>`;
}

function drawLegend(series: readonly string[]): string[] {
  if (series.length < 2) return [];
  let x = 16;
  return series.flatMap((name, at) => {
    const from = x;
    x += 34 + name.length * 7.5;
    return [
      `<rect x="${from}" y="38" width="12" height="12" fill="${COLOURS[at % COLOURS.length]}"/>`,
      text(from + 18, 49, name, 'start'),
    ];
  });
}

function drawLimit(x: number, y: number, label: string): string[] {
  return [
    `<path d="M${x} ${TOP - 8}V${y - 4}" stroke="#c0392b" stroke-dasharray="5 4"/>`,
    `<text x="${x}" y="${TOP - 14}" text-anchor="middle" font-size="11" fill="#c0392b">${masked(label)}</text>`,
  ];
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end', size = 13): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" fill="${INK}">${masked(words)}</text>`;
}

/** 1, 2 or 5 times a power of ten, so that there are four to ten of them. */
function niceStep(most: number): number {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most / 4));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => most / step <= 8) ?? power * 10;
}

function writeNumber(value: number): string {
  if (value === 0) return '0';
  return value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString();
}

function masked(words: string): string {
  return words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
