import { describe, expect, it } from 'vitest';
import { ratiosOf, sampleOf, writeRatio } from '../../bench/numbers.ts';
import { drawBars } from '../../bench/plot.ts';
import { isAllMet, writeReport } from '../../bench/report.ts';
import { atMost, type Measured, type Verdict } from '../../bench/row.ts';
import { type CatalogCost, createCatalogRow } from '../../bench/rows/catalog.ts';
import type { BenchWorld } from '../../bench/world.ts';

const row = { word: 'copies', title: 'Copying', method: 'In pairs.' };
const facts = { facts: [['Node', 'v20']] as const };

function measured(...verdicts: Verdict[]): Measured {
  return { row, tookMs: 1_000, outcome: { findings: { verdicts, tables: [], charts: [], notes: [] } } };
}

const ratio = (seen: number) => atMost('copy / bare restic', 1.05, seen, (value) => value.toFixed(2));

describe('the report', () => {
  it('tells a target that was missed from one that was met', () => {
    const report = writeReport([measured(ratio(1.05), ratio(1.06))], facts);
    expect(report).toContain('| copy / bare restic | ≤ 1.05 | 1.05 | yes |');
    expect(report).toContain('| copy / bare restic | ≤ 1.05 | 1.06 | **no** |');
    expect(isAllMet([measured(ratio(1.05))])).toBe(true);
    expect(isAllMet([measured(ratio(1.05)), measured(ratio(1.06))])).toBe(false);
  });

  it('says which row could not be measured and why, and counts it as missed', () => {
    const broken: Measured = { row, tookMs: 0, outcome: { problem: 'no loop device' } };
    const report = writeReport([broken, measured(ratio(1))], facts);
    expect(report).toContain('| Copying |  | not measured: see below | **no** |');
    expect(report).toContain('**Could not be measured:** no loop device');
    expect(isAllMet([broken])).toBe(false);
  });

  it('says when the run was not whole', () => {
    expect(writeReport([], { ...facts, lacks: 'a row lacks' })).toContain('not whole**: a row lacks.');
    expect(writeReport([], facts)).not.toContain('not whole');
  });
});

describe('numbers', () => {
  it('take the middle, and the mean of the two in the middle', () => {
    expect(sampleOf([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3, count: 3 });
    expect(sampleOf([4, 1, 2, 3]).median).toBe(2.5);
    expect(() => sampleOf([])).toThrow('nothing was measured');
  });

  it('compare pair by pair, so that a slow moment counts on both sides', () => {
    const ratios = ratiosOf([
      { ours: 11, bare: 10 },
      { ours: 110, bare: 100 },
      { ours: 12, bare: 10 },
    ]);
    expect(writeRatio(ratios)).toBe('1.100 (1.100–1.200)');
  });
});

describe('a picture', () => {
  it('shows every group, series, value and spread, and masks what would break it', () => {
    const sample = { median: 1.25, low: 1, high: 2, count: 5 };
    const svg = drawBars({
      ...{ name: 'x', title: 'Ours & bare', unit: 's' },
      groups: [
        {
          label: 'a <b>',
          bars: [
            { series: 'ours', sample },
            { series: 'bare', sample },
          ],
        },
      ],
      limit: { value: 3, label: 'limit' },
    });
    for (const text of ['Ours &amp; bare', 'a &lt;b&gt;', '>ours<', '>bare<', '1.25 s', '>limit<'])
      expect(svg).toContain(text);
  });
});

describe('the row of the catalog', () => {
  const cost = { firstStartMs: 9_000, startMs: 900, recoverMs: 5, listMs: 2, filterMs: 3, writeMs: 4, memoryMb: 120 };
  const world = { sizes: { name: 'full' }, say() {}, room: async () => '/nowhere' } as unknown as BenchWorld;
  const missed = async (most: Partial<CatalogCost>) => {
    const row = createCatalogRow(async (sizes) =>
      sizes.map((backups) => ({ ...cost, backups, ...(backups === 100_000 ? most : {}) })),
    );
    const { verdicts } = await row.measure(world);
    return verdicts.filter(({ met }) => !met).map(({ what }) => what);
  };

  it('misses nothing when the largest catalog costs what the smallest does', async () => {
    expect(await missed({})).toEqual([]);
  });

  it('tells a slow start, a late recovery and a write that grows', async () => {
    expect(await missed({ startMs: 3_001 })).toEqual(['start with 100,000 backups']);
    expect(await missed({ recoverMs: 900 })).toEqual(['recovery begins before that']);
    expect(await missed({ writeMs: 9.5 })).toEqual(['list, filter and write: more than with the fewest by']);
  });
});
