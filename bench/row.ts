import type { BarChart } from './plot.ts';
import type { BenchWorld } from './world.ts';

/** One promise with what was seen of it. */
export interface Verdict {
  readonly what: string;
  readonly target: string;
  readonly seen: string;
  readonly met: boolean;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Findings {
  readonly verdicts: readonly Verdict[];
  readonly tables: readonly Table[];
  readonly charts: readonly BarChart[];
  /** What a reader must know to judge the numbers; a sentence or two each. */
  readonly notes: readonly string[];
}

/** One thing that is measured. */
export interface Row {
  /** What `--only` calls it. */
  readonly word: string;
  readonly title: string;
  /** How it is measured, for the report. */
  readonly method: string;
  measure(world: BenchWorld): Promise<Findings>;
}

/** What became of a row. */
export interface Measured {
  readonly row: Pick<Row, 'word' | 'title' | 'method'>;
  readonly tookMs: number;
  readonly outcome: { readonly findings: Findings } | { readonly problem: string };
}

export function atMost(what: string, limit: number, value: number, write: (value: number) => string): Verdict {
  return { what, target: `≤ ${write(limit)}`, seen: write(value), met: value <= limit };
}
