import type { Operation } from '../src/records/operation.ts';
import { sampleOf, writeSeconds } from './numbers.ts';
import type { BarChart } from './plot.ts';
import type { Table } from './row.ts';
import { sampleSteps, totalOf } from './steps.ts';

/** What the whole operation took, step by step; what lies between two steps is the rest. */
export function stepTable(title: string, operations: readonly Operation[]): Table {
  const steps = sampleSteps(operations);
  const sum = steps.reduce((total, { sample }) => total + sample.median, 0);
  const total = sampleOf(operations.map(totalOf));
  return {
    title,
    columns: ['step', 'median (least–most)'],
    rows: [
      ...steps.map(({ step, sample }) => [step, writeSeconds(sample)]),
      ['between steps', `${((total.median - sum) / 1_000).toFixed(2)} s`],
      ['**the whole operation**', writeSeconds(total)],
    ],
  };
}

export function stepBars(name: string, title: string, operations: readonly Operation[]): BarChart {
  const steps = sampleSteps(operations).filter(({ sample }) => sample.median >= 5);
  return {
    ...{ name, title, unit: 's' },
    groups: steps.map(({ step, sample: { median, low, high, count } }) => ({
      label: step,
      bars: [
        {
          series: 'median of the operations',
          sample: { median: median / 1e3, low: low / 1e3, high: high / 1e3, count },
        },
      ],
    })),
  };
}
