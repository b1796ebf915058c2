import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describeMachine, writeLoad } from './machine.ts';
import { writeTree } from './numbers.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { drawBars } from './plot.ts';
import { isAllMet, pictureOf, type RunFacts, writeReport } from './report.ts';
import type { Measured, Row } from './row.ts';
import { rows } from './rows.ts';
import { type BenchWorld, clearAbandoned, clearFolder, makeWorld } from './world.ts';

const beganAt = performance.now();
const say = (line: string) => {
  const seconds = Math.round((performance.now() - beganAt) / 1_000);
  process.stdout.write(`${String(seconds).padStart(5)} s  ${line}\n`);
};

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(
      process.argv.slice(2),
      rows.map(({ word }) => word),
    );
  } catch (cause) {
    process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n${USAGE}\n`);
    return 2;
  }
  await clearAbandoned();
  const world = await makeWorld({ ...options, say });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void leave(signal, world));
  try {
    return await measureAll(world, options);
  } finally {
    await clearFolder(world.folder);
  }
}

async function measureAll(world: BenchWorld, options: Options): Promise<number> {
  const facts = await factsOf(world);
  const wanted = rows.filter(({ word }) => options.only.length === 0 || options.only.includes(word));
  const measured: Measured[] = [];
  for (const [at, row] of wanted.entries()) {
    say(`${row.word}: ${row.title}`);
    measured.push(await measure(row, world));
    if (isLeaving) await never();
    tell(measured.at(-1));
    const lacks = whatLacks(wanted.length - 1 - at, options);
    // After every row, so that a run that is ended early has not been for nothing.
    await write(options.out, measured, { facts: [...facts, ['load average at the end', writeLoad()]], lacks });
  }
  say(`written: ${join(options.out, 'RESULTS.md')}`);
  return isAllMet(measured) ? 0 : 1;
}

function whatLacks(rowsToCome: number, { only }: Options): string | undefined {
  if (rowsToCome > 0) return 'it was ended before its last row, or is still going on';
  return only.length > 0 ? `only some rows were asked for (\`--only ${only.join(',')}\`)` : undefined;
}

async function factsOf({ sizes, pairs, seed, restic }: BenchWorld): Promise<RunFacts['facts']> {
  return [
    ['run', `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, sizes: ${sizes.name}`],
    ['data', `${writeTree(sizes.copies)}, seed ${seed}`],
    ['pairs', String(pairs)],
    ...(await describeMachine(restic)),
    ['load average at the beginning', writeLoad()],
  ];
}

/** A row that fails is a result like any other: it is told with its reason, and the rows after it are measured. */
async function measure(row: Row, world: BenchWorld): Promise<Measured> {
  const from = performance.now();
  const tookMs = () => performance.now() - from;
  try {
    const findings = await row.measure(world);
    return { row, tookMs: tookMs(), outcome: { findings } };
  } catch (cause) {
    return { row, tookMs: tookMs(), outcome: { problem: describe(cause) } };
  } finally {
    await clearFolder(world.rooms);
  }
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause === undefined ? cause.message : `${cause.message} (${describe(cause.cause)})`;
}

function tell(measured: Measured | undefined): void {
  if (!measured) return;
  if ('problem' in measured.outcome) say(`  could not be measured: ${measured.outcome.problem}`);
  else
    for (const { what, target, seen, met } of measured.outcome.findings.verdicts) {
      say(`  ${met ? 'yes' : 'NO '} ${what}: ${seen} (${target})`);
    }
}

async function write(out: string, measured: readonly Measured[], facts: RunFacts): Promise<void> {
  const report = resolve(out, 'RESULTS.md');
  await mkdir(join(dirname(report), 'pictures'), { recursive: true });
  await writeFile(report, writeReport(measured, facts));
  for (const { outcome } of measured) {
    for (const chart of 'findings' in outcome ? outcome.findings.charts : []) {
      await writeFile(resolve(out, pictureOf(chart)), drawBars(chart));
    }
  }
}

let isLeaving = false;

/** What is being measured fails when everything is ended; nothing more is begun or written then. */
const never = () => new Promise<never>(() => undefined);

async function leave(signal: string, world: BenchWorld): Promise<void> {
  isLeaving = true;
  say(`${signal}: ending what was started and removing it`);
  await clearFolder(world.folder);
  process.exit(130);
}

process.exit(await main());
