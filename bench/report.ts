import type { BarChart } from './plot.ts';
import type { Findings, Measured, Table } from './row.ts';

/** What a reader needs to know about the run. */
export interface RunFacts {
  /** Label and value. */
  readonly facts: readonly (readonly [string, string])[];
  /** Why it is not the report of a whole run, half a sentence. */
  readonly lacks?: string | undefined;
}

/** RESULTS.md. Every target stands beside what was seen of it, also those that were missed or could not be measured. */
export function writeReport(measured: readonly Measured[], { facts, lacks }: RunFacts): string {
  const parts = [
    '# Benchmark',
    'Written by `npm run bench`; do not edit. Copying is compared with bare restic in interleaved pairs, so that other work on the machine weighs on both sides; where a median stands, least and most stand in brackets.',
    ...(lacks === undefined ? [] : [`**This run is not whole**: ${lacks}.`]),
    writeTable({ title: '', columns: ['', ''], rows: facts.map(([label, value]) => [label, value]) }),
    '## Targets',
    writeTable({ title: '', columns: ['what', 'target', 'seen', 'met'], rows: measured.flatMap(targetsOf) }),
    ...measured.flatMap(writeRow),
  ];
  return `${parts.join('\n\n')}\n`;
}

function targetsOf({ row, outcome }: Measured): string[][] {
  if ('problem' in outcome) return [[row.title, '', 'not measured: see below', '**no**']];
  return outcome.findings.verdicts.map(({ what, target, seen, met }) => [what, target, seen, met ? 'yes' : '**no**']);
}

function writeRow({ row, tookMs, outcome }: Measured): string[] {
  const head = [`## ${row.title}`, `${row.method} (\`--only ${row.word}\`, ${(tookMs / 1_000).toFixed(0)} s.)`];
  if ('problem' in outcome) return [...head, `**Could not be measured:** ${outcome.problem}`];
  return [...head, ...writeFindings(outcome.findings)];
}

function writeFindings({ tables, charts, notes }: Findings): string[] {
  return [
    ...tables.map(writeTable),
    ...charts.map((chart) => `![${chart.title}](${pictureOf(chart)})`),
    ...notes.map((note) => `- ${note}`),
  ];
}

export function pictureOf({ name }: Pick<BarChart, 'name'>): string {
  return `pictures/${name}.svg`;
}

function writeTable({ title, columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const lines = [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
  return title === '' ? lines : `${title}:\n\n${lines}`;
}

/** Whether every target was met and every row measured. */
export function isAllMet(measured: readonly Measured[]): boolean {
  return measured.every(
    ({ outcome }) => 'findings' in outcome && outcome.findings.verdicts.every((verdict) => verdict.met),
  );
}
