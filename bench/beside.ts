import { ratiosOf, type Sample, sampleOf, writeRatio, writeSeconds } from './numbers.ts';
import type { Took } from './took.ts';

/** One step of ours beside the same call of restic by hand, in ms. */
export interface Beside {
  readonly ours: number;
  readonly bare: number;
  readonly took: Took;
}

/** What restic by hand does not do at all. */
const ITEMS = ['flush', 'marking', 'counting'] as const;
export type Item = (typeof ITEMS)[number];

const LIMIT = 1.05;

/** The step without the items: restic in it, and everything around it that is there because it is ours. */
export function copyRatios(pairs: readonly Beside[]): Sample {
  return ratiosOf(pairs.map(({ ours, bare, took }) => ({ ours: ours - itemised(took), bare })));
}

export function tellRatio({ ours, bare, took }: Beside): string {
  return ((ours - itemised(took)) / bare).toFixed(3);
}

function itemised(took: Took): number {
  return ITEMS.reduce((sum, item) => sum + took[item], 0);
}

/** What the step consists of beside restic by hand; the last two are both ratios, so that nothing is hidden. */
export function besideColumns(items: readonly Item[]): string[] {
  const inside = ['of it restic', ...items, 'the rest'];
  return ['our step', ...inside, 'bare restic', `without ${items.join(' and ')} / bare`, `≤ ${LIMIT}`, 'whole / bare'];
}

export function besideCells(items: readonly Item[], pairs: readonly Beside[]): string[] {
  if (pairs.length === 0) return besideColumns(items).map(() => '');
  const write = (of: (pair: Beside) => number) => writeSeconds(sampleOf(pairs.map(of)));
  const copy = copyRatios(pairs);
  return [
    write(({ ours }) => ours),
    write(({ took }) => took.restic),
    ...items.map((item) => write(({ took }) => took[item])),
    write(({ ours, took }) => ours - took.restic - itemised(took)),
    write(({ bare }) => bare),
    writeRatio(copy),
    copy.median <= LIMIT ? 'yes' : 'no',
    writeRatio(ratiosOf(pairs)),
  ];
}
